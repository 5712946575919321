export const benchmarks = ['round-trips'];
