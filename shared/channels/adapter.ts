import type * as z from 'zod/mini';

/** A product as a seller marketplace has it, in our words. */
export interface ChannelProduct {
  external_id: string;
  seller_sku: string;
  name: string;
  brand?: string;
  category?: string;
  image_url?: string;
  barcodes: string[];
  /** `amount` is an exact decimal, never a float. */
  price?: { amount: string; currency: string };
  /** Null where the key may not read it: unknown, not zero. */
  stock: number | null;
  reserved?: number;
  in_transit_to?: number;
  in_transit_from?: number;
}

/** One step of reading all products. */
export interface ChannelPage {
  products: ChannelProduct[];
  /** Where the next step starts, for any container at any time; undefined at the end. */
  next: string | undefined;
  /** How many products there are, where the seller marketplace reports it. */
  total: number | undefined;
  phase: string;
}

/** The secrets of a seller account, by the names that the API gives them. */
export type Credentials = Readonly<Record<string, string>>;

/** A token bucket of a seller account: one call each `intervalMs`, `burst` at once after a rest. */
export interface ChannelLimit {
  /** What the seller marketplace counts together. */
  category: string;
  intervalMs: number;
  burst: number;
}

export interface ChannelRequest {
  marketplace: string;
  credentials: Credentials;
  limit: ChannelLimit;
  method: 'GET' | 'POST';
  url: string;
  headers: Readonly<Record<string, string>>;
  body?: unknown;
  /** For one try, its body included; 15 s by default. */
  timeoutMs?: number;
  /** Ends the request, its pauses and its tries. */
  signal?: AbortSignal;
}

/** The way to a seller's API: within its limits, with retries, until a deadline. */
export interface ChannelCall {
  /**
   * Sends a request and reads its answer with `read`, which also sees refusals (4xx). A 429, a
   * 5xx, a silent or a cut connection and what `read` finds malformed are tried again.
   * Throws ChannelError.
   */
  send<T>(request: ChannelRequest, read: (response: Response) => Promise<T>): Promise<T>;
  /** What `load` gave the first time it was asked for in this call. */
  once<T>(name: string, load: () => Promise<T>): Promise<T>;
  /** Address of a marketplace's API in this deployment. */
  baseUrl(marketplace: string): string;
}

/** What is known of a seller marketplace without calling it. Listed in `definitions.ts`. */
export interface ChannelDefinition {
  readonly marketplace: string;
  /** What its credentials look like in the API. */
  readonly credentials: z.ZodMiniType<Credentials, Credentials>;
  /** Members of the credentials that are shown in full; all others are masked. */
  readonly open: readonly string[];
  /** Address of its API, unless a deployment says otherwise. */
  readonly defaultUrl: string;
  /**
   * The seller account that credentials claim to be of, if they name one. Trust it only when the
   * marketplace has accepted the credentials.
   */
  account(credentials: Credentials): string | undefined;
}

/**
 * A seller marketplace as it is called. To add one, write a file with this, and list it in
 * `channels.ts` and what it is in `definitions.ts`.
 */
export interface ChannelAdapter {
  /** Tries the credentials on everything that reading products needs. Throws ChannelError. */
  check(credentials: Credentials, call: ChannelCall): Promise<void>;
  /** One resumable step of reading all products. Throws ChannelError. */
  page(
    credentials: Credentials,
    cursor: string | undefined,
    call: ChannelCall,
  ): Promise<ChannelPage>;
}

export type ChannelErrorCode =
  | 'wrong_key'
  | 'wrong_scope'
  | 'unavailable'
  | 'malformed'
  | 'rate_limited';

/** Why a seller marketplace did not give what was asked. Its message may be shown to the tenant. */
export class ChannelError extends Error {
  override readonly name = 'ChannelError';
  readonly code: ChannelErrorCode;
  /** When it is worth another try, where that is known. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: ChannelErrorCode,
    message: string,
    options: { retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
  }
}
