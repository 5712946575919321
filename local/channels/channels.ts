import { channelUrlVariable } from '../../shared/channels/channels.ts';
import type { FakeChannel, StandInOptions } from './fake.ts';
import { startOzon } from './ozon.ts';
import { startWildberries } from './wildberries.ts';

/** The APIs of all seller marketplaces. */
export interface FakeChannels {
  readonly byMarketplace: Readonly<Record<string, FakeChannel>>;
  /** Where they are, as the parameters of the template are named: `OZON_URL`. */
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** Starts a stand-in for each. */
export async function startChannels(options: StandInOptions): Promise<FakeChannels> {
  const [wildberries, ozon] = await Promise.all([startWildberries(options), startOzon(options)]);
  const byMarketplace = { wildberries, ozon };
  return {
    byMarketplace,
    environment: Object.fromEntries(
      Object.entries(byMarketplace).map(([name, { baseUrl }]) => [
        channelUrlVariable(name),
        baseUrl,
      ]),
    ),
    stop: async () => {
      await Promise.all([wildberries.stop(), ozon.stop()]);
    },
  };
}
