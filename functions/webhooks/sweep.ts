import { sweepDeliveries } from '../../shared/deliveries.ts';
import { logger } from '../../shared/observe.ts';
import { handleSchedule } from '../../shared/schedules.ts';

/** Queues deliveries that are due and not queued, by a schedule. */
export const handler = handleSchedule('webhooks/sweep', async () => {
  logger.info('deliveries_swept', { queued: await sweepDeliveries() });
});
