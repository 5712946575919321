import type { start } from '../../local/channels/index.ts';

type ChannelFakes = Awaited<ReturnType<typeof start>>['handles'];

/** The fakes of seller marketplaces, in a world, a running cloud or the surroundings of a benchmark. */
export function channelsOf({
  handles,
}: {
  handles: Readonly<Record<string, unknown>>;
}): ChannelFakes {
  if (!handles.channels) throw new Error('The fakes of seller marketplaces have not started');
  return handles.channels as ChannelFakes;
}
