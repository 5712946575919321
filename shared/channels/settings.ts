import type { Setting } from '../contract/settings.ts';
import { channelUrlVariable, definitions } from './definitions.ts';

/** Where the API of each channel is: OZON_URL, WILDBERRIES_URL. */
export const channelUrls: readonly Setting[] = Object.values(definitions).map(
  ({ marketplace, defaultUrl }) => ({
    variable: channelUrlVariable(marketplace),
    description: `Where the API of ${marketplace} is; {host} is replaced by the host of a category`,
    value: {
      parameter: (stage) => ({
        default: defaultUrl,
        // Keys travel there: in the clear only within one machine.
        allowedPattern: `${stage === 'local' ? 'https?' : 'https'}://[^\\s]+[^/\\s]`,
      }),
    },
  }),
);
