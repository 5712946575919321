import { rewrapCredentials } from '../../shared/channels/rewrap.ts';
import { logger } from '../../shared/runtime/logger.ts';
import { handleSchedule } from '../../shared/runtime/schedules.ts';

const reserveMs = 15_000;

/** Runs by schedule. What one run does not reach, the next one does. */
export const handler = handleSchedule('channels/rewrap-credentials', async (context) => {
  const outcome = await rewrapCredentials(
    Date.now() + context.getRemainingTimeInMillis() - reserveMs,
  );
  logger.info('rewrapped_credentials', outcome);
});
