export const benchmarks = ['products'];
