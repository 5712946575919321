import { logger } from '../runtime/logger.ts';
import { recordMetric } from '../runtime/metrics.ts';
import { changes } from '../table/changes.ts';
import { transact, tryUpdate } from '../table/table.ts';
import { monthOf } from './hours.ts';
import type { RecordStatus } from './items.ts';
import { failedUsage, meteringKeys } from './keys.ts';
import { usageAccepted, usageFailed } from './metrics.ts';
import { isSettled, keyOf, type SealedUsage } from './seal.ts';

export interface Outcome {
  readonly status: RecordStatus;
  /** What AWS Marketplace said, or its id of the record. */
  readonly reason?: string | undefined;
  readonly recordId?: string | undefined;
}

/**
 * Keeps what became of the usage of an hour, and adds it to its month once nothing is left to do:
 * once, whoever does it again. Usage that was not accepted is listed and counted for an alarm.
 */
export async function settle(usage: SealedUsage, outcome: Outcome): Promise<void> {
  const { license, hour, dimension, quantity } = usage;
  const { status, reason, recordId } = outcome;
  const { tenant_id, license_id } = license;
  const hasFailed = status !== 'Success' && status !== 'SKIPPED';
  const written = {
    Key: keyOf(usage),
    ...changes({
      set: {
        status,
        total: quantity,
        reason,
        record_id: recordId,
        settled_at: new Date().toISOString(),
        ...(hasFailed && failedSeries(usage)),
      },
      remove: hasFailed ? [] : ['series_pk', 'series_sk', 'reason'],
      if: [
        'attribute_not_exists(#status) OR #status IN (:unsubscribed, :refused)',
        { unsubscribed: 'CustomerNotSubscribed', refused: 'REFUSED' },
      ],
    }),
  };
  const counted = {
    Key: meteringKeys.month(tenant_id, license_id, monthOf(hour), dimension),
    ...changes({ add: { quantity, accepted: status === 'Success' ? quantity : 0 } }),
  };
  const isNew =
    isSettled(status) && quantity > 0
      ? !(await transact([{ update: written }, { update: counted }]))
      : (await tryUpdate(written)) !== undefined;
  usage.status = status;
  if (!isNew) return;
  if (status === 'Success') recordMetric(usageAccepted, 1);
  else if (status !== 'SKIPPED') {
    recordMetric(usageFailed, 1, { status });
    logger.error('usage_not_accepted', {
      tenant_id,
      license_id,
      hour,
      dimension,
      quantity,
      status,
      reason,
    });
  }
}

/** Where usage that was not accepted is listed. */
const failedSeries = ({ license, hour, dimension }: SealedUsage) => ({
  series_pk: failedUsage.pattern,
  series_sk: [hour, license.tenant_id, license.license_id, dimension].join('#'),
});
