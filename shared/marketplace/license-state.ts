import type { AgreementEvent } from './agreement-events.ts';
import type { Pricing } from './sold-product.ts';

/** Why a license ended. The last two are followed by another agreement and revoke nothing. */
export type EndReason =
  | 'CANCELLED'
  | 'EXPIRED'
  | 'TERMINATED'
  | 'DEPROVISIONED'
  | 'PAYMENT_FAILED'
  | 'RENEWED'
  | 'REPLACED';

/** A license, as the events of its agreement tell. */
export interface LicenseState {
  readonly status: 'PENDING' | 'ACTIVE' | 'ENDED';
  readonly is_free_trial: boolean;
  readonly started_at: string | null;
  /** When it ends by itself, or ended. Null for a license without end. */
  readonly ends_at: string | null;
  readonly end_reason: EndReason | null;
  /** Usage is taken until an hour after this. */
  readonly deprovisioned_at: string | null;
  readonly renews: boolean | null;
  /** A notice of AWS about what comes next. */
  readonly next: { readonly what: string; readonly at: string | null } | null;
}

/** The status of an agreement that ended. A map: an event may say `constructor`, or anything else. */
const ends: ReadonlyMap<string | undefined, EndReason> = new Map(
  (['CANCELLED', 'EXPIRED', 'TERMINATED', 'RENEWED', 'REPLACED'] as const).map((status) => [
    status,
    status,
  ]),
);

/**
 * The state of a license after these events of its agreement. The same for any order in which they
 * came, with duplicates or without: only what happened and when counts, not when it was heard of.
 */
export function stateOf(
  licenseId: string,
  heard: readonly AgreementEvent[],
  options: { readonly pricing?: Pricing | undefined; readonly registeredAt?: string } = {},
): LicenseState {
  const events = heard
    .filter(({ license_id }) => license_id === undefined || license_id === licenseId)
    .toSorted((a, b) => compare(a.time, b.time) || compare(a.event_id, b.event_id));
  if (events.some(({ name }) => Object.hasOwn(customerActions, name))) return customerState(events);
  const named = (name: string) => events.filter((event) => event.name === name);
  const [activated] = named('License Updated');
  const [deprovisioned] = named('License Deprovisioned');
  const endings = named('Purchase Agreement Ended');
  // An agreement that was renewed or replaced ends in no other way, whatever is told beside it.
  const ended = endings.find(({ status }) => isFollowed(ends.get(status))) ?? endings[0];
  const term = events.findLast(({ start_time, end_time }) => start_time ?? end_time);
  const startedAt =
    activated?.time ?? (options.pricing === 'free' ? (options.registeredAt ?? null) : null);
  const endedAt = earliest(ended?.time, deprovisioned?.time);
  const endReason: EndReason | null = ended
    ? (ends.get(ended.status) ?? 'TERMINATED')
    : deprovisioned
      ? 'DEPROVISIONED'
      : null;
  return {
    status: endReason ? 'ENDED' : startedAt ? 'ACTIVE' : 'PENDING',
    is_free_trial: events.some((event) => event.is_free_trial),
    started_at: startedAt,
    ends_at: endedAt ?? term?.end_time ?? null,
    end_reason: endReason,
    deprovisioned_at: deprovisioned?.time ?? null,
    renews: events.findLast(({ auto_renewal }) => auto_renewal !== undefined)?.auto_renewal ?? null,
    next: endReason ? null : nextOf(events, term?.end_time ?? null),
  };
}

/** Whether another agreement takes the place of one that ended so. */
export const isFollowed = (reason: EndReason | null | undefined): boolean =>
  reason === 'RENEWED' || reason === 'REPLACED';

/** What AWS has last said about the time to come. */
const notices: Readonly<Record<string, string>> = {
  'Purchase Agreement Ending': 'ends',
  'Purchase Agreement Renewal Upcoming': 'renews',
  'Purchase Agreement Renewal Terms Finalized': 'renews',
  'Agreement Cancellation Request Pending Approval': 'cancellation_requested',
  'Agreement Cancellation Request Approved': 'ends',
};
const withdrawn = new Set([
  'Agreement Cancellation Request Rejected',
  'Agreement Cancellation Request Cancelled',
  'Agreement Cancellation Request Validation Failed',
]);

function nextOf(events: readonly AgreementEvent[], at: string | null): LicenseState['next'] {
  const last = events.findLast(({ name }) => Object.hasOwn(notices, name) || withdrawn.has(name));
  const what = last && notices[last.name];
  return what ? { what, at } : null;
}

/** What Amazon SNS says of purchases of older products; the last one counts. */
const customerActions: Readonly<Record<string, Pick<LicenseState, 'status' | 'end_reason'>>> = {
  'subscribe-success': { status: 'ACTIVE', end_reason: null },
  'subscribe-fail': { status: 'ENDED', end_reason: 'PAYMENT_FAILED' },
  // Usage is still taken for about an hour.
  'unsubscribe-pending': { status: 'ACTIVE', end_reason: null },
  'unsubscribe-success': { status: 'ENDED', end_reason: 'CANCELLED' },
  'entitlement-updated': { status: 'ACTIVE', end_reason: null },
};

/** The actions that an SNS message may have. */
export const customerEvents: ReadonlySet<string> = new Set(Object.keys(customerActions));

function customerState(events: readonly AgreementEvent[]): LicenseState {
  const last = events.findLast(
    ({ name }) => Object.hasOwn(customerActions, name) && name !== 'entitlement-updated',
  );
  const { status, end_reason } = customerActions[last?.name ?? 'entitlement-updated'] ?? {
    status: 'PENDING',
    end_reason: null,
  };
  const started = events.find(({ name }) => name !== 'subscribe-fail');
  const isLeaving = last?.name === 'unsubscribe-pending';
  const left = events.findLast(({ name }) => name === 'unsubscribe-pending') ?? last;
  return {
    status,
    is_free_trial: events.some((event) => event.is_free_trial),
    started_at: started?.time ?? null,
    ends_at: end_reason ? (last?.time ?? null) : null,
    end_reason,
    deprovisioned_at: isLeaving || end_reason ? (left?.time ?? null) : null,
    renews: null,
    next: isLeaving ? { what: 'ends', at: null } : null,
  };
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
const earliest = (...times: (string | undefined)[]): string | null =>
  times.filter((time) => time !== undefined).toSorted()[0] ?? null;
