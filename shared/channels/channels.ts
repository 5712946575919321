import type { ChannelAdapter } from './adapter.ts';
import type { ChannelName } from './names.ts';

/** Every seller marketplace whose products a tenant may bring. Each is loaded when it is first called. */
const adapters: Readonly<Record<ChannelName, () => Promise<ChannelAdapter>>> = {
  wildberries: async () => (await import('./wildberries.ts')).wildberries,
  ozon: async () => (await import('./ozon.ts')).ozon,
};

/** The way to call a seller marketplace. */
export const adapterOf = (marketplace: ChannelName): Promise<ChannelAdapter> =>
  adapters[marketplace]();
