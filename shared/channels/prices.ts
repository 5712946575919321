import { logger } from '../runtime/logger.ts';
import type { ChannelProduct } from './adapter.ts';
import { malformed } from './answers.ts';

export type Price = NonNullable<ChannelProduct['price']>;

/** A reported price. An amount is empty, null or undefined where there is none. */
export interface ReportedPrice {
  readonly external_id: string;
  readonly amount: unknown;
  readonly currency: unknown;
}

const maxWrongShare = 0.1;

/**
 * The prices of a page by the ids of their products. One that is no exact amount of a currency is
 * left out and logged; `malformed` is thrown when that happens to more than one product and more
 * than a tenth of those with a price.
 */
export function readPrices(
  marketplace: string,
  reported: readonly ReportedPrice[],
): Map<string, Price> {
  const prices = new Map<string, Price>();
  const wrong: string[] = [];
  for (const { external_id, amount, currency } of reported) {
    if (amount === undefined || amount === null || amount === '') continue;
    const exact = exactAmount(amount);
    if (exact !== undefined && isCurrency(currency))
      prices.set(external_id, { amount: exact, currency });
    else wrong.push(external_id);
  }
  if (wrong.length === 0) return prices;
  logger.warn('seller_price_dropped', { marketplace, external_ids: wrong });
  const isMostlyWrong = wrong.length > (prices.size + wrong.length) * maxWrongShare;
  if (wrong.length > 1 && isMostlyWrong)
    throw malformed('Too many prices are no exact amounts of a currency.');
  return prices;
}

const isCurrency = (value: unknown): value is string =>
  typeof value === 'string' && /^[A-Z]{3}$/.test(value);

/** Text is kept unchanged: `120.00`. */
function exactAmount(amount: unknown): string | undefined {
  if (typeof amount === 'number') return exactDecimal(amount);
  return typeof amount === 'string' && /^\d{1,15}(?:\.\d{1,6})?$/.test(amount) ? amount : undefined;
}

/**
 * A number of JSON as an exact decimal. Up to 15 digits survive the way through a double; what has
 * more is undefined instead of being rounded.
 */
export function exactDecimal(value: number): string | undefined {
  const text = String(value);
  const digits = text.replace(/\D/g, '').replace(/^0+/, '');
  return /^\d+(?:\.\d+)?$/.test(text) && digits.length <= 15 ? text : undefined;
}
