import { deliveryQueue } from '../../shared/deliveries.ts';
import { attemptDelivery } from '../../shared/delivery-attempts.ts';
import { handleBatch } from '../../shared/queues.ts';

/** Works off the queue of deliveries to webhooks. */
export const handler = handleBatch(deliveryQueue, attemptDelivery);
