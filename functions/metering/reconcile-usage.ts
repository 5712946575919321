import { reconcileMonths } from '../../shared/metering/usage.ts';
import { logger } from '../../shared/runtime/logger.ts';
import { handleSchedule } from '../../shared/runtime/schedules.ts';

export const handler = handleSchedule('metering/reconcile-usage', async () => {
  logger.info('usage_reconciled', { differences: await reconcileMonths() });
});
