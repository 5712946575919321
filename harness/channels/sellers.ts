import type { FakeChannel } from '../../local/channels/fake.ts';

/** The stand-ins of seller marketplaces, in a world, or in the surroundings of a benchmark. */
export function sellersOf({ handles }: { handles: Readonly<Record<string, unknown>> }) {
  if (!handles.channels) throw new Error('The stand-ins of seller marketplaces have not started');
  return handles.channels as Record<'wildberries' | 'ozon', FakeChannel>;
}
