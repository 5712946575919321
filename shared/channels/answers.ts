import type * as z from 'zod/mini';
import { logger } from '../runtime/logger.ts';
import { ChannelError } from './adapter.ts';

export const malformed = (message: string, cause?: unknown): ChannelError =>
  new ChannelError('malformed', message, { cause });

const megabyte = 1024 * 1024;
/** Documented pages of the longest texts are below this. */
const maxJsonBytes = 16 * megabyte;
const maxRefusalBytes = 16 * 1024;

/**
 * The body of an answer as its schema wants it. Throws `malformed`, also for one that is larger
 * than any page can be.
 */
export async function readJson<S extends z.ZodMiniType>(
  response: Response,
  schema: S,
  what: string,
): Promise<z.output<S>> {
  const parsed = schema.safeParse(parse(await readText(response, what), what));
  if (parsed.success) return parsed.data;
  // Only the place: a message of the schema could carry values of the answer.
  const place = parsed.error.issues[0]?.path.join('.') || 'the whole of it';
  throw malformed(`${what} has an unexpected shape at ${place}.`);
}

/** The pieces of a body up to `maxBytes`. Throws `malformed` when there is more, without reading it. */
export async function* bounded(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
  what: string,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw malformed(`${what} is too large.`);
    yield chunk;
  }
}

async function readText(response: Response, what: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bounded(response.body ?? nothing(), maxJsonBytes, what))
    chunks.push(chunk);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch (cause) {
    throw malformed(`${what} is not UTF-8.`, cause);
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

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
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? nothing()) {
    chunks.push(chunk);
    bytes += chunk.byteLength;
    if (bytes > maxRefusalBytes) break;
  }
  return Buffer.concat(chunks).toString().slice(0, 2000);
}

/** More than any seller has of one product; sums over all products stay exact. */
const maxQuantity = 1_000_000_000;

/** Throws `malformed` for quantities of a product that are absurd, and logs of which. */
export function assertQuantities(
  product: { marketplace: string; external_id: string },
  quantities: readonly number[],
): void {
  if (quantities.every((quantity) => quantity <= maxQuantity)) return;
  logger.warn('seller_quantity_refused', product);
  throw malformed('A quantity of a product is impossibly large.');
}

export const sum = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0);
