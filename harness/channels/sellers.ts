import type { start } from '../../local/channels/index.ts';

type Sellers = Awaited<ReturnType<typeof start>>['handles'];

/** The stand-ins of seller marketplaces, in a world, a running cloud or the surroundings of a benchmark. */
export function sellersOf({ handles }: { handles: Readonly<Record<string, unknown>> }): Sellers {
  if (!handles.channels) throw new Error('The stand-ins of seller marketplaces have not started');
  return handles.channels as Sellers;
}
