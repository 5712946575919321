import { alertParked } from '../../shared/marketplace/parked.ts';
import { logger } from '../../shared/runtime/logger.ts';
import { handleSchedule } from '../../shared/runtime/schedules.ts';

/** Tells the operator of purchases without a registration, by a schedule. */
export const handler = handleSchedule('marketplace/alert-parked', async () => {
  logger.info('parked_agreements', { count: await alertParked() });
});
