import { features } from '../features.ts';
import type { ItemKind, KeyFamily } from '../table/family.ts';
import type { BackgroundFunction } from './background.ts';
import type { Endpoint } from './endpoint.ts';
import type { ErrorKind } from './errors.ts';
import type { Limit } from './limits.ts';

/** Every endpoint of the API, in the order in which the documents list them. */
export const endpoints: readonly Endpoint[] = features.flatMap(
  (feature) => feature.endpoints ?? [],
);

/** The endpoints that exist in a stage. */
export function endpointsOf(stage: string): readonly Endpoint[] {
  return stage === 'local' ? endpoints : endpoints.filter((endpoint) => !endpoint.localOnly);
}

/** Every function that consumes a queue or runs by a schedule. */
export const workers: readonly BackgroundFunction[] = features.flatMap(
  (feature) => feature.workers ?? [],
);

/** Every expected error, by its code. */
export const errorKinds: ReadonlyMap<string, ErrorKind> = new Map(
  features.flatMap(({ errors = [] }) => errors.map((kind) => [kind.code, kind] as const)),
);

/** Every limit, by its name. */
export const limits: ReadonlyMap<string, Limit> = new Map(
  features.flatMap((feature) =>
    (feature.limits ?? []).map((limit) => [limit.name, limit] as const),
  ),
);

/** Every kind of partition keys. */
export const families: readonly KeyFamily[] = features.flatMap((feature) => feature.families ?? []);

/** Every kind of item in the table. */
export const items: readonly ItemKind[] = features.flatMap((feature) => feature.items ?? []);
