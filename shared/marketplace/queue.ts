import * as z from 'zod/mini';
import { defineQueue } from '../contract/queues.ts';
import { AgreementEnvelope } from './agreement-events.ts';
import { Notification } from './customer-notifications.ts';
import { isDemo } from './sold-product.ts';
import { soldProducts } from './sold-products.ts';

/** What AWS Marketplace tells of agreements: envelopes of EventBridge, and of SNS for older products. */
export const agreementEvents = defineQueue(
  'agreement-events',
  () => z.union([AgreementEnvelope, Notification]),
  {
    eventSource: 'aws.agreement-marketplace',
    // Those of demo products exist on one machine alone.
    topics: (stage) =>
      soldProducts
        .filter((product) => stage === 'local' || !isDemo(product))
        .flatMap(({ topics = [] }) => topics),
  },
);
