import { deliverToWebhooks } from '../webhooks/subscriber.ts';
import type { EventSubscriber } from './subscriber.ts';

/** The features that hear of every event. */
export const eventSubscribers: readonly EventSubscriber[] = [deliverToWebhooks];
