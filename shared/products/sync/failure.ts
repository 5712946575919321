import { ChannelError, type ChannelErrorCode } from '../../channels/adapter.ts';
import { noCredentials } from '../../channels/errors.ts';
import { AppError } from '../../contract/errors.ts';
import type { SyncErrorCode } from '../metrics.ts';

/** Tries in a row that a channel may leave unanswered. */
const maxUnansweredTries = 6;

/** Why a sync fails, and what people read about it. */
const details: Record<SyncErrorCode, string> = {
  wrong_key: 'The seller marketplace does not accept the saved key. Save a new one.',
  wrong_scope: 'The saved key may not read products. Save one with the categories or role for it.',
  seller_unavailable: 'The seller marketplace did not answer. The next sync tries again.',
  malformed_answer: 'The seller marketplace answered with something that is not documented.',
  incomplete_answer: 'The seller marketplace handed out fewer products than it said it has.',
  no_credentials: 'The credentials were deleted while the sync was running.',
  tenant_not_active: 'The subscription of this tenant is not active.',
  internal_error: 'The sync was given up after several interruptions on our side.',
};

/** A sync, or one channel of it, that ends without its products. */
export class FailedSync extends Error {
  override readonly name = 'FailedSync';
  readonly code: SyncErrorCode;

  constructor(code: SyncErrorCode, detail: string = details[code]) {
    super(detail);
    this.code = code;
  }
  /** Another key might do better. */
  get isAboutKey(): boolean {
    return this.code === 'wrong_key' || this.code === 'wrong_scope';
  }
}

const codes: Record<Exclude<ChannelErrorCode, 'rate_limited'>, SyncErrorCode> = {
  wrong_key: 'wrong_key',
  wrong_scope: 'wrong_scope',
  unavailable: 'seller_unavailable',
  malformed: 'malformed_answer',
};

/** Why a channel fails; undefined for what is transient, and for what is not its fault. */
export function failureOf(error: unknown, unansweredTries: number): FailedSync | undefined {
  if (error instanceof AppError && error.code === noCredentials.code)
    return new FailedSync('no_credentials');
  if (error instanceof FailedSync) return error.code === 'tenant_not_active' ? undefined : error;
  if (!(error instanceof ChannelError) || error.code === 'rate_limited') return undefined;
  if (error.code === 'unavailable' && unansweredTries + 1 < maxUnansweredTries) return undefined;
  // What is wrong with an answer or lacks in a key, the adapter says best.
  const isPrecise = error.code === 'malformed' || error.code === 'wrong_scope';
  return new FailedSync(codes[error.code], isPrecise ? error.message : undefined);
}
