import { channelUrlVariable } from '../../shared/channels/definitions.ts';
import type { LocalRoomOptions, RunningRoom } from '../features.ts';
import { channelRoutes } from './console.ts';
import { startOzon } from './ozon.ts';
import { startWildberries } from './wildberries.ts';

/** Starts a fake for the API of each seller marketplace. They are also the handles. */
export async function start(options: LocalRoomOptions) {
  const [wildberries, ozon] = await Promise.all([startWildberries(options), startOzon(options)]);
  const handles = { wildberries, ozon };
  return {
    environment: Object.fromEntries(
      Object.entries(handles).map(([name, { baseUrl }]) => [channelUrlVariable(name), baseUrl]),
    ),
    consoleRoutes: channelRoutes(handles),
    handles,
    stop: async () => {
      await Promise.all([wildberries.stop(), ozon.stop()]);
    },
  } satisfies RunningRoom;
}
