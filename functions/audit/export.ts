import { exportDays } from '../../shared/audit/export.ts';
import { logger } from '../../shared/runtime/logger.ts';
import { handleSchedule } from '../../shared/runtime/schedules.ts';

/** Time to end what is under way. */
const reserveMs = 60_000;

/** Exports the audit log of days that are over, by a schedule. */
export const handler = handleSchedule('audit/export', async (context) => {
  const hasTime = () => context.getRemainingTimeInMillis() > reserveMs;
  for (const day of await exportDays({ hasTime })) logger.info('audit_exported', { ...day });
});
