import { handleBatch } from '../../shared/runtime/queues.ts';
import { attemptDelivery } from '../../shared/webhooks/attempts.ts';
import { purgeDeliveries } from '../../shared/webhooks/purge.ts';
import { deliveryQueue } from '../../shared/webhooks/queue.ts';
import { resumeDeliveries } from '../../shared/webhooks/resume.ts';

/** Time that one page of deletions, or ten deliveries brought forward, may take. */
const reserveMs = 15_000;

/** Works off the queue of deliveries to webhooks. */
export const handler = handleBatch(deliveryQueue, (message, context) => {
  if ('delivery_id' in message) return attemptDelivery(message);
  const hasTime = () => context.getRemainingTimeInMillis() > reserveMs;
  if ('resume' in message) return resumeDeliveries(message, { hasTime });
  return purgeDeliveries(message, { hasTime });
});
