import { enrolTenants } from '../../shared/products/sync/enrolment.ts';
import { startAdapters, syncPublisher } from '../../shared/products/sync/start-adapters.ts';
import { sweepDueSyncs } from '../../shared/products/sync/sweep.ts';
import { handleSchedule } from '../../shared/runtime/schedules.ts';

export const handler = handleSchedule('products/sync-sweep', async (context) => {
  const remainingMs = () => context.getRemainingTimeInMillis();
  await enrolTenants(Date.now(), remainingMs);
  await sweepDueSyncs({ ...startAdapters, ...syncPublisher }, remainingMs);
});
