import { toAgreementEvent } from '../../shared/marketplace/agreement-events.ts';
import { askAfterEvent } from '../../shared/marketplace/ask-after-event.ts';
import {
  isNotification,
  toCustomerEvent,
} from '../../shared/marketplace/customer-notifications.ts';
import { agreementEvents } from '../../shared/marketplace/queue.ts';
import { takeEvent } from '../../shared/marketplace/take-event.ts';
import { handleBatch } from '../../shared/runtime/queues.ts';

export const handler = handleBatch(agreementEvents, async (message) => {
  const event = isNotification(message) ? toCustomerEvent(message) : toAgreementEvent(message);
  await takeEvent(event);
  await askAfterEvent(event);
});
