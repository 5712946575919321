import { deliveryQueue } from '../../shared/deliveries.ts';
import { attemptDelivery } from '../../shared/delivery-attempts.ts';
import { purgeDeliveries } from '../../shared/delivery-purge.ts';
import { handleBatch } from '../../shared/queues.ts';

/** Time that one page of deletions may take. */
const reserveMs = 15_000;

/** Works off the queue of deliveries to webhooks. */
export const handler = handleBatch(deliveryQueue, (message, context) => {
  if ('delivery_id' in message) return attemptDelivery(message);
  const hasTime = () => context.getRemainingTimeInMillis() > reserveMs;
  return purgeDeliveries(message, { hasTime });
});
