import { createHash } from 'node:crypto';
import type { LicenseItem } from '../marketplace/items.ts';
import { meteredDimensions, productOf } from '../marketplace/sold-product.ts';
import { changes } from '../table/changes.ts';
import { queryPages, type Write } from '../table/table.ts';
import { hourMs, hourOf, hoursAfter } from './hours.ts';
import { MeteredItem } from './items.ts';
import { meteringKeys } from './keys.ts';

export const meteredShards = 16;

/** The shard of a license in the list that the runs go through. */
export const shardOf = (licenseId: string): number =>
  (createHash('sha256').update(licenseId).digest()[0] ?? 0) % meteredShards;

/** Usage older than this is never reported: see `deadlineOf`. */
const oldestHours = 25;

type Followed = Pick<
  LicenseItem,
  | 'license_id'
  | 'license_arn'
  | 'customer_identifier'
  | 'account_id'
  | 'product_code'
  | 'status'
  | 'started_at'
  | 'ends_at'
  | 'deprovisioned_at'
>;

/** Whether usage of a license is metered now, or was. */
export function isMeteredLicense({ product_code, started_at }: Followed): boolean {
  const product = productOf(product_code);
  return started_at !== null && product !== undefined && meteredDimensions(product).length > 0;
}

/** The first of the end of a license and its deprovisioning; undefined while neither has come. */
export function overAt({ status, ends_at, deprovisioned_at }: Followed): string | undefined {
  const ended = status === 'ENDED' ? ends_at : null;
  return [ended, deprovisioned_at].filter((time) => time !== null).toSorted()[0];
}

/**
 * The writes that let the runs of the metering know a license as it is now, for the transaction that
 * changes it: none for one that is not metered. The same again changes nothing.
 */
export function followLicense(tenantId: string, license: Followed): Write[] {
  if (!isMeteredLicense(license)) return [];
  const { license_id, license_arn, customer_identifier, account_id, product_code } = license;
  const over = overAt(license);
  const closing = license.deprovisioned_at ?? over;
  const started = Date.parse(license.started_at ?? '');
  return [
    {
      update: {
        Key: meteringKeys.metered(shardOf(license_id), license_id),
        ...changes({
          set: {
            tenant_id: tenantId,
            license_id,
            license_arn,
            customer_identifier,
            account_id,
            product_code,
            started_at: license.started_at,
            over_at: over,
            until: closing && new Date(Date.parse(closing) + hourMs).toISOString(),
          },
          setOnce: {
            settled_through: hoursAfter(
              hourOf(Math.max(started, Date.now() - oldestHours * hourMs)),
              -1,
            ),
          },
          remove: [...(over ? [] : ['over_at', 'until']), 'closed_at', 'ttl'],
        }),
      },
    },
  ];
}

/** The licenses of a shard that come after one, or all, page by page. */
export async function* meteredPages(shard: number, pageSize: number, after?: string) {
  const pages = queryPages({
    KeyConditionExpression: after === undefined ? 'pk = :pk' : 'pk = :pk AND sk > :after',
    ExpressionAttributeValues: {
      ':pk': meteringKeys.metered(shard, 'l').pk,
      ...(after !== undefined && { ':after': after }),
    },
    Limit: pageSize,
    ConsistentRead: true,
  });
  for await (const { items } of pages) yield items.map((item) => MeteredItem.parse(item));
}
