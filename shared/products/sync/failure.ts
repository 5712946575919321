import type { SyncErrorCode } from '../metrics.ts';

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

/** A sync, or one marketplace of it, that ends without its products. */
export class FailedSync extends Error {
  override readonly name = 'FailedSync';
  readonly code: SyncErrorCode;

  constructor(code: SyncErrorCode, detail: string = details[code]) {
    super(detail);
    this.code = code;
  }
}
