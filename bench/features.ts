import { existsSync } from 'node:fs';
import { features } from '../shared/features.ts';

/** What a feature adds to the benchmarks: `bench/<feature>/index.ts`. */
export interface BenchRoom {
  /** Files of its folder, without their ending, that are benchmarks. */
  readonly benchmarks?: readonly string[];
  /** Likewise, those that are measured only when they are asked for. */
  readonly benchmarksOnRequest?: readonly string[];
}

const withRoom = features.filter(({ id }) =>
  existsSync(new URL(`./${id}/index.ts`, import.meta.url)),
);

/** The rooms of the features that have one, in the order of the features. */
export const benchRooms: readonly (BenchRoom & { readonly feature: string })[] = await Promise.all(
  withRoom.map(async ({ id }) => {
    const room: BenchRoom = await import(`./${id}/index.ts`);
    return { ...room, feature: id };
  }),
);
