import { defineMetric } from '../contract/metrics.ts';

/**
 * How mail to one addressee ended: taken by SES, to be tried again, given up, not sent because the
 * address is known to refuse it, or not sent because the deployment sends none.
 */
export const mailOutcomes = ['sent', 'retried', 'failed', 'suppressed', 'off'] as const;

export const mails = defineMetric({
  name: 'Mails',
  kind: 'count',
  dimensions: { outcome: mailOutcomes },
  description: 'Attempts to send a mail to one addressee, by how they ended',
});

export const bounces = defineMetric({
  name: 'MailBounces',
  kind: 'count',
  dimensions: {},
  description: 'Mails that came back for good, each counted once',
});

export const complaints = defineMetric({
  name: 'MailComplaints',
  kind: 'count',
  dimensions: {},
  description: 'Mails that their addressee called spam, each counted once',
});
