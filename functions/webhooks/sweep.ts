import { sweepDeliveries } from '../../shared/deliveries.ts';
import { logger } from '../../shared/observe.ts';
import { handleSchedule } from '../../shared/queues.ts';

/** Queues deliveries that are due and not queued, by a schedule. */
export const handler = handleSchedule(async () => {
  logger.info('deliveries_swept', { queued: await sweepDeliveries() });
});
