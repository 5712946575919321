import { publish } from '../../shared/events.ts';
import { startServices } from '../../shared/products/start-services.ts';
import { sweepDueSyncs } from '../../shared/products/sync-sweep.ts';
import { handleSchedule } from '../../shared/schedules.ts';

export const handler = handleSchedule('products/sync-sweep', (context) =>
  sweepDueSyncs({ ...startServices, publish }, () => context.getRemainingTimeInMillis()),
);
