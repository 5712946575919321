import { decodeJwt } from 'jose/jwt/decode';
import * as z from 'zod/mini';
import type { ChannelDefinition, Credentials } from './adapter.ts';
import type { ChannelName } from './names.ts';

const characters = /^[\x21-\x7e]+$/;

const ozon: ChannelDefinition = {
  marketplace: 'ozon',
  credentials: z
    .strictObject({
      client_id: z.string().check(z.regex(/^\d{1,20}$/, 'is not a Client-Id')),
      api_key: z
        .string()
        .check(
          z.minLength(16, 'has fewer than 16 characters'),
          z.maxLength(256, 'is longer than 256 characters'),
          z.regex(characters, 'has characters that no key has'),
        ),
    })
    .register(z.globalRegistry, { id: 'OzonCredentials' }),
  open: ['client_id'],
  defaultUrl: 'https://api-seller.ozon.ru',
  account: ({ client_id: clientId }) => clientId,
};

const wildberries: ChannelDefinition = {
  marketplace: 'wildberries',
  credentials: z
    .strictObject({
      api_key: z
        .string()
        .check(
          z.minLength(16, 'has fewer than 16 characters'),
          z.maxLength(4096, 'is longer than 4096 characters'),
          z.regex(characters, 'has characters that no key has'),
        ),
    })
    .register(z.globalRegistry, { id: 'WildberriesCredentials' }),
  open: [],
  defaultUrl: 'https://{host}.wildberries.ru',
  account: sellerOf,
};

/** A key is a JWT whose `sid` is the seller's id. */
function sellerOf({ api_key: key = '' }: Credentials): string | undefined {
  try {
    const { sid } = decodeJwt(key);
    return typeof sid === 'string' && sid !== '' ? sid : undefined;
  } catch {
    return undefined;
  }
}

/** Every seller marketplace, without the code that calls it. */
export const definitions: Readonly<Record<ChannelName, ChannelDefinition>> = { wildberries, ozon };

/** The variable that tells functions where the API of a marketplace is: `OZON_URL`. */
export const channelUrlVariable = (marketplace: string): string =>
  `${marketplace.toUpperCase()}_URL`;
