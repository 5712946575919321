export const benchmarks = ['record', 'hour'];
