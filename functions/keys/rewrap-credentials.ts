import { rewrapCredentials } from '../../shared/credential-rotation.ts';
import { logger } from '../../shared/observe.ts';
import { handleSchedule } from '../../shared/schedules.ts';

const reserveMs = 15_000;

/** Runs by schedule. What one run does not reach, the next one does. */
export const handler = handleSchedule('keys/rewrap-credentials', async (context) => {
  const outcome = await rewrapCredentials(
    Date.now() + context.getRemainingTimeInMillis() - reserveMs,
  );
  logger.info('rewrapped_credentials', outcome);
});
