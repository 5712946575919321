import { getItems } from '../table/table.ts';
import type { LicenseItem } from './items.ts';
import { marketplaceKeys } from './keys.ts';
import { meteredDimensions, productOf } from './sold-product.ts';

/** Usage of a dimension in a month. */
export interface MonthUsage {
  readonly dimension: string;
  readonly quantity: number;
  /** The month, UTC; its end is the start of the next. */
  readonly period_start: string;
  readonly period_end: string;
}

/** BatchGetItem takes as many keys. */
const maxKeys = 100;

/**
 * What was used this month of each metered dimension of the active licenses, those with 0 too; one round
 * trip, for the hundred newest of them.
 */
export async function usageOfMonth(
  tenantId: string,
  licenses: readonly LicenseItem[],
  nowMs: number,
): Promise<MonthUsage[]> {
  const now = new Date(nowMs);
  const [year, month] = [now.getUTCFullYear(), now.getUTCMonth()];
  const [start, end] = [0, 1].map((later) => new Date(Date.UTC(year, month + later)).toISOString());
  const metered = licenses
    .filter(({ status }) => status === 'ACTIVE')
    .flatMap(({ license_id, product_code }) => {
      const product = productOf(product_code);
      const dimensions = product ? meteredDimensions(product) : [];
      return dimensions.map(({ key }) => ({ license_id, dimension: key }));
    })
    .slice(-maxKeys);
  if (metered.length === 0) return [];
  const items = await getItems(
    metered.map(({ license_id, dimension }) =>
      marketplaceKeys.usageOfMonth(tenantId, license_id, now.toISOString().slice(0, 7), dimension),
    ),
  );
  const totals = new Map<string, number>();
  for (const [index, { dimension }] of metered.entries())
    totals.set(dimension, (totals.get(dimension) ?? 0) + Number(items[index]?.quantity ?? 0));
  return [...totals].map(([dimension, quantity]) => ({
    dimension,
    quantity,
    period_start: start ?? '',
    period_end: end ?? '',
  }));
}
