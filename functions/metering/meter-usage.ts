import { setTimeout as wait } from 'node:timers/promises';
import { meterHours } from '../../shared/metering/run.ts';
import { logger } from '../../shared/runtime/logger.ts';
import { handleSchedule } from '../../shared/runtime/schedules.ts';

/** Time to end what is under way. */
const reserveMs = 30_000;

/** Reports the usage of every hour, by a schedule. */
export const handler = handleSchedule('metering/meter-usage', async (context) => {
  const hasTime = () => context.getRemainingTimeInMillis() > reserveMs;
  logger.info('usage_metered', { ...(await meterHours({ hasTime, wait })) });
});
