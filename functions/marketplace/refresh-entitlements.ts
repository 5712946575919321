import { refreshDueEntitlements } from '../../shared/marketplace/entitlements.ts';
import { logger } from '../../shared/runtime/logger.ts';
import { handleSchedule } from '../../shared/runtime/schedules.ts';

/** Time to end what is under way. */
const reserveMs = 30_000;

export const handler = handleSchedule('marketplace/refresh-entitlements', async (context) => {
  const hasTime = () => context.getRemainingTimeInMillis() > reserveMs;
  const { isComplete, ...counts } = await refreshDueEntitlements({ hasTime });
  logger.info('entitlements_refreshed', { ...counts, is_complete: isComplete });
});
