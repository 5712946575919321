import * as z from 'zod/mini';
import { licenseIdOf } from './license-ids.ts';

/**
 * What AWS Marketplace tells of agreements and licenses, without the suffix ` - Proposer` or
 * ` - Manufacturer`, which says only in which part the seller is told.
 * https://docs.aws.amazon.com/marketplace/latest/userguide/notifications-eventbridge.html
 */
export const knownEvents: ReadonlySet<string> = new Set([
  'Purchase Agreement Created',
  'Purchase Agreement Amended',
  'Purchase Agreement Ended',
  'Purchase Agreement Ending',
  'Purchase Agreement Advisory Issued',
  'Purchase Agreement Advisory Resolved',
  'Purchase Agreement Renewal Upcoming',
  'Purchase Agreement Renewal Terms Finalized',
  'Purchase Agreement Billing Adjustment Completed',
  'Purchase Agreement Billing Adjustment Failed',
  'Purchase Agreement Spend Threshold Reached',
  'Purchase Agreement Spend Threshold Vet Succeeded',
  'Purchase Agreement Spend Threshold Vet Failed',
  'Agreement Cancellation Request Pending Approval',
  'Agreement Cancellation Request Approved',
  'Agreement Cancellation Request Rejected',
  'Agreement Cancellation Request Cancelled',
  'Agreement Cancellation Request Validation Failed',
  'License Updated',
  'License Deprovisioned',
]);

const Account = z.looseObject({ accountId: z.string().check(z.maxLength(255)) });
const Instant = z.string().check(z.maxLength(64));

const Detail = z.looseObject({
  agreement: z.looseObject({
    id: z.string().check(z.regex(/^[A-Za-z0-9_.:@-]{1,255}$/)),
    intent: z.optional(z.string()),
    status: z.optional(z.string()),
    startTime: z.optional(Instant),
    endTime: z.optional(Instant),
    previousAgreementId: z.nullish(z.string().check(z.maxLength(255))),
    autoRenewalEnabled: z.optional(z.boolean()),
  }),
  license: z.optional(z.looseObject({ arn: z.string().check(z.minLength(1), z.maxLength(1024)) })),
  product: z.optional(z.looseObject({ code: z.optional(z.string().check(z.maxLength(255))) })),
  acceptor: z.optional(Account),
});

/** What EventBridge sends, for the source `aws.agreement-marketplace`. */
export const AgreementEnvelope = z.looseObject({
  id: z.string().check(z.regex(/^[A-Za-z0-9_.:@-]{1,128}$/)),
  'detail-type': z.string().check(z.minLength(1), z.maxLength(256)),
  source: z.literal('aws.agreement-marketplace'),
  time: z.iso.datetime({ offset: true }),
  detail: Detail,
});
export type AgreementEnvelope = z.infer<typeof AgreementEnvelope>;

/** Something that happened to an agreement, as the table keeps it. Sorted by time, then by id. */
export interface AgreementEvent {
  readonly event_id: string;
  /** RFC 3339, UTC, milliseconds. */
  readonly time: string;
  /** Its type without the suffix, or the action of an SNS message. */
  readonly name: string;
  readonly agreement_id: string;
  readonly license_id?: string | undefined;
  readonly license_arn?: string | undefined;
  readonly product_code?: string | undefined;
  readonly account_id?: string | undefined;
  /** `NEW`, `RENEW`, `REPLACE` or `AMEND`. */
  readonly intent?: string | undefined;
  /** Of an agreement that ended: `CANCELLED`, `EXPIRED`, `TERMINATED`, `RENEWED` or `REPLACED`. */
  readonly status?: string | undefined;
  readonly start_time?: string | undefined;
  /** Absent for an agreement without end. */
  readonly end_time?: string | undefined;
  readonly previous_agreement_id?: string | undefined;
  readonly auto_renewal?: boolean | undefined;
  readonly is_free_trial?: boolean | undefined;
  /** As it came. */
  readonly detail: unknown;
}

/** The event in an envelope of EventBridge. */
export function toAgreementEvent(envelope: AgreementEnvelope): AgreementEvent {
  const { agreement, license, product, acceptor } = envelope.detail;
  return {
    event_id: envelope.id,
    time: new Date(envelope.time).toISOString(),
    name: nameOf(envelope['detail-type']),
    agreement_id: agreement.id,
    ...(license && { license_id: licenseIdOf(license.arn), license_arn: license.arn }),
    product_code: product?.code,
    account_id: acceptor?.accountId,
    intent: agreement.intent,
    status: agreement.status,
    start_time: instant(agreement.startTime),
    end_time: instant(agreement.endTime),
    previous_agreement_id: agreement.previousAgreementId ?? undefined,
    auto_renewal: agreement.autoRenewalEnabled,
    detail: envelope.detail,
  };
}

/** AWS prints some types with the words in front and some without. */
function nameOf(detailType: string): string {
  const name = detailType.replace(/ - (?:Proposer|Manufacturer|Acceptor)$/, '');
  return (
    ['', 'Purchase Agreement ', 'Agreement ']
      .map((words) => words + name)
      .find((each) => knownEvents.has(each)) ?? name
  );
}

/** The year that AWS prints for an agreement without end. */
const noEnd = '9999-';

function instant(text: string | undefined): string | undefined {
  if (text === undefined || text.startsWith(noEnd)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}
