import * as z from 'zod/mini';
import { defineQueue } from '../contract/queues.ts';
import { AgreementEnvelope } from './agreement-events.ts';
import { Notification } from './customer-notifications.ts';
import { soldProducts } from './sold-products.ts';

/** What AWS Marketplace tells of agreements: envelopes of EventBridge, and of SNS for older products. */
export const agreementEvents = defineQueue(
  'agreement-events',
  () => z.union([AgreementEnvelope, Notification]),
  {
    eventSource: 'aws.agreement-marketplace',
    topics: soldProducts.flatMap(({ topics = [] }) => topics),
  },
);
