export const benchmarks = ['registration'];
