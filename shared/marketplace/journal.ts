import { changes } from '../table/changes.ts';
import { retryConflicts } from '../table/retry.ts';
import { create, getItem, queryPages, transact, type Write } from '../table/table.ts';
import type { AgreementEvent } from './agreement-events.ts';
import { AgreementItem } from './items.ts';
import { eventPrefix, marketplaceKeys, nextPrefix, parkedSeries } from './keys.ts';

/** All that is known of an agreement. */
export interface Journal {
  readonly agreement: AgreementItem | undefined;
  readonly events: readonly AgreementEvent[];
  /** Agreements that take its place. */
  readonly nextIds: readonly string[];
}

/** Everything that was heard of an agreement, strongly consistent. A few dozen items at most. */
export async function readJournal(agreementId: string): Promise<Journal> {
  const { pk, sk: headKey } = marketplaceKeys.agreement(agreementId);
  const events: AgreementEvent[] = [];
  const nextIds: string[] = [];
  let agreement: AgreementItem | undefined;
  const pages = queryPages({
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': pk },
    ConsistentRead: true,
  });
  for await (const { items } of pages) {
    for (const item of items) {
      const sk = String(item.sk);
      if (sk === headKey) agreement = AgreementItem.parse(item);
      else if (sk.startsWith(eventPrefix)) events.push(item as unknown as AgreementEvent);
      else if (sk.startsWith(nextPrefix)) nextIds.push(sk.slice(nextPrefix.length));
    }
  }
  return { agreement, events, nextIds };
}

/**
 * Keeps an event, once however often it comes, with what it says of the ways between agreement,
 * license and successor. Until a tenant is known the agreement is listed as parked. Returns whether
 * the event is new.
 */
export async function keepEvent(
  event: AgreementEvent,
  options: { readonly isForeign: boolean },
): Promise<boolean> {
  const Key = marketplaceKeys.agreement(event.agreement_id);
  const stored = await retryConflicts(async () => {
    const item = await getItem(Key);
    const known = item && AgreementItem.parse(item);
    const isParked = !known?.tenant_id && !known?.is_foreign && !options.isForeign;
    const failed = await transact([
      create({
        ...marketplaceKeys.agreementEvent(event.agreement_id, event.time, event.event_id),
        ...event,
      }),
      {
        update: {
          Key,
          ...changes({
            set: {
              agreement_id: event.agreement_id,
              previous_agreement_id: event.previous_agreement_id,
              is_foreign: options.isForeign || undefined,
            },
            setOnce: {
              first_event_at: event.time,
              ...(isParked &&
                parkedSeries(known?.first_event_at ?? event.time, event.agreement_id)),
            },
            add: { event_count: 1 },
            ...(options.isForeign && { remove: ['series_pk', 'series_sk'] }),
            if: known
              ? ['event_count = :read', { read: known.event_count }]
              : 'attribute_not_exists(pk)',
          }),
        },
      },
      ...waysOf(event),
    ]);
    if (failed?.[0]) return { isNew: false };
    return failed ? undefined : { isNew: true };
  });
  return stored.isNew;
}

function waysOf(event: AgreementEvent): Write[] {
  const { license_id, license_arn, product_code, account_id, agreement_id } = event;
  const ways: Write[] = [];
  if (license_id) {
    ways.push({
      update: {
        Key: marketplaceKeys.licenseLookup(license_id),
        ...changes({
          set: { agreement_id },
          setOnce: {
            ...(license_arn && { license_arn }),
            ...(product_code && { product_code }),
            ...(account_id && { account_id }),
          },
        }),
      },
    });
  }
  if (event.previous_agreement_id) {
    const Item = {
      ...marketplaceKeys.nextAgreement(event.previous_agreement_id, agreement_id),
      agreement_id,
    };
    ways.push({ put: { Item } });
  }
  return ways;
}

/** Says that the agreement belongs to a tenant, if nothing was heard of it since it was read. */
export function settleAgreement(agreement: AgreementItem, tenantId: string): Write {
  return {
    update: {
      Key: marketplaceKeys.agreement(agreement.agreement_id),
      ...changes({
        set: { tenant_id: tenantId },
        remove: ['series_pk', 'series_sk'],
        if: ['event_count = :read', { read: agreement.event_count }],
      }),
    },
  };
}
