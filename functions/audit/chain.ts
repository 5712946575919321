import { chainEntries } from '../../shared/audit/chain.ts';
import { logger } from '../../shared/runtime/logger.ts';
import { handleSchedule } from '../../shared/runtime/schedules.ts';

/** Time to end what is under way. */
const reserveMs = 10_000;

/** Chains new audit entries, by a schedule. */
export const handler = handleSchedule('audit/chain', async (context) => {
  const hasTime = () => context.getRemainingTimeInMillis() > reserveMs;
  const chained = await chainEntries({ hasTime });
  if (chained > 0) logger.info('audit_chained', { entries: chained });
});
