import { publish } from '../../shared/events.ts';
import { startServices } from '../../shared/products/start-services.ts';
import { enrolTenants } from '../../shared/products/sync-enrolment.ts';
import { sweepDueSyncs } from '../../shared/products/sync-sweep.ts';
import { handleSchedule } from '../../shared/schedules.ts';

export const handler = handleSchedule('products/sync-sweep', async (context) => {
  const remainingMs = () => context.getRemainingTimeInMillis();
  await enrolTenants(Date.now(), remainingMs);
  await sweepDueSyncs({ ...startServices, publish }, remainingMs);
});
