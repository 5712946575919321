import { logger } from '../../shared/runtime/logger.ts';
import { handleSchedule } from '../../shared/runtime/schedules.ts';
import { sweepDeliveries } from '../../shared/webhooks/sweep.ts';

/** Time to end what is under way. */
const reserveMs = 10_000;

/** Queues deliveries that are due and not queued, by a schedule. */
export const handler = handleSchedule('webhooks/sweep', async (context) => {
  const hasTime = () => context.getRemainingTimeInMillis() > reserveMs;
  const { queued, isComplete } = await sweepDeliveries({ hasTime });
  logger.info('deliveries_swept', { queued, is_complete: isComplete });
});
