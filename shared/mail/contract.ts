import type { BackgroundFunction } from '../contract/background.ts';
import { sealingKeySecret } from '../contract/secrets.ts';
import { supportEmail } from '../marketplace/settings.ts';
import { tenantPartition } from '../tenants/keys.ts';
import { dueMails, mailAddresses, operatorOutbox, outboxPartition } from './keys.ts';
import { mailFeedback, mailQueue } from './queues.ts';
import { mailFrom, mailName, operatorEmail, publicUrl } from './settings.ts';

export const sendMail: BackgroundFunction = {
  id: 'mail/send',
  summary: 'Makes mail in the language of each addressee, and sends it',
  queue: mailQueue,
  queues: [mailQueue],
  table: [
    [outboxPartition, ['UpdateItem']],
    [operatorOutbox, ['UpdateItem']],
    [tenantPartition, ['GetItem', 'Query']],
    [mailAddresses, ['GetItem']],
  ],
  secrets: [sealingKeySecret],
  settings: [mailFrom, mailName, publicUrl, operatorEmail, supportEmail],
  mail: 'sends',
  timeoutSeconds: 30,
  // A new account of SES sends 14 mails a second at most.
  maxConcurrency: 5,
};

export const sweepMail: BackgroundFunction = {
  id: 'mail/sweep',
  summary: 'Queues mail whose time has come, and mail that was lost on its way',
  schedule: 'rate(5 minutes)',
  queues: [mailQueue],
  table: [
    [dueMails, ['Query']],
    [outboxPartition, ['UpdateItem']],
    [operatorOutbox, ['UpdateItem']],
  ],
  timeoutSeconds: 60,
};

export const takeMailFeedback: BackgroundFunction = {
  id: 'mail/take-feedback',
  summary: 'Remembers addresses that mail came back from, or whose owner complained',
  queue: mailFeedback,
  table: [[mailAddresses, ['UpdateItem']]],
  secrets: [sealingKeySecret],
  mail: 'hears',
};
