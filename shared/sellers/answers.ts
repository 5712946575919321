import type * as z from 'zod';
import { SellerError } from './seller.ts';

export const malformed = (message: string, cause?: unknown): SellerError =>
  new SellerError('malformed', message, { cause });

/** The body of an answer as its schema wants it. Throws `malformed`. */
export async function readJson<S extends z.ZodType>(
  response: Response,
  schema: S,
  what: string,
): Promise<z.output<S>> {
  const text = await response.text();
  const parsed = schema.safeParse(parse(text, what));
  if (parsed.success) return parsed.data;
  // Only the place: a message of the schema could carry values of the answer.
  const place = parsed.error.issues[0]?.path.join('.') || 'the whole of it';
  throw malformed(`${what} has an unexpected shape at ${place}.`);
}

function parse(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The cause would quote the answer, and causes are logged.
    throw malformed(`${what} is not JSON.`);
  }
}

/** What a refusal says about itself, for telling refusals apart; never shown. */
export async function refusalText(response: Response): Promise<string> {
  return (await response.text()).slice(0, 2000);
}

/**
 * A number of JSON as an exact decimal. Up to 15 digits survive the way through a double; more are
 * refused as `malformed` instead of being rounded.
 */
export function exactDecimal(value: number, what: string): string {
  const text = String(value);
  const digits = text.replace(/\D/g, '').replace(/^0+/, '');
  if (!/^\d+(?:\.\d+)?$/.test(text) || digits.length > 15)
    throw malformed(`${what} is not an exact amount.`);
  return text;
}

/** A sum of quantities, each a whole number of at least 0. */
export function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
