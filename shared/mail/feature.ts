import { defineFeature } from '../contract/feature.ts';
import * as contract from './contract.ts';
import * as keys from './keys.ts';
import * as metrics from './metrics.ts';
import { mailFeedback, mailQueue } from './queues.ts';
import * as settings from './settings.ts';

/** Mail to members and to the operator. */
export const mail = defineFeature({
  id: 'mail',
  isCore: true,
  workers: [contract.sendMail, contract.sweepMail, contract.takeMailFeedback],
  queues: [mailQueue, mailFeedback],
  families: [keys.outboxPartition, keys.operatorOutbox, keys.dueMails, keys.mailAddresses],
  keys: keys.mailKeys,
  items: keys.items,
  settings: Object.values(settings),
  metrics: [metrics.mails, metrics.bounces, metrics.complaints],
  outbox: {
    table: [[keys.outboxPartition, ['PutItem']]],
    queues: [mailQueue],
  },
});
