import { sweepMail } from '../../shared/mail/sweep.ts';
import { logger } from '../../shared/runtime/logger.ts';
import { handleSchedule } from '../../shared/runtime/schedules.ts';

/** Time to end what is under way. */
const reserveMs = 10_000;

/** Queues mail that is due and not queued, by a schedule. */
export const handler = handleSchedule('mail/sweep', async (context) => {
  const hasTime = () => context.getRemainingTimeInMillis() > reserveMs;
  const { queued, isComplete } = await sweepMail(hasTime);
  logger.info('mail_swept', { queued, is_complete: isComplete });
});
