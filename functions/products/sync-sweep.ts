import { enrolTenants } from '../../shared/products/sync/enrolment.ts';
import { startAdapters } from '../../shared/products/sync/start-adapters.ts';
import { sweepDueSyncs } from '../../shared/products/sync/sweep.ts';
import { handleSchedule } from '../../shared/runtime/schedules.ts';
import { publish } from '../../shared/webhooks/events.ts';

export const handler = handleSchedule('products/sync-sweep', async (context) => {
  const remainingMs = () => context.getRemainingTimeInMillis();
  await enrolTenants(Date.now(), remainingMs);
  await sweepDueSyncs({ ...startAdapters, publish }, remainingMs);
});
