import { compareRefresh } from './refresh.ts';
import type { Benchmark } from './result.ts';

/** In memory, where a write costs next to nothing and what surrounds it weighs the most. */
export const benchmark: Benchmark = async (tell) => [
  await compareRefresh('in memory', { onDisk: false }, tell),
];
