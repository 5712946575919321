import { requireEnv } from '../runtime/config.ts';
import { logger } from '../runtime/logger.ts';
import { recordMetric } from '../runtime/metrics.ts';
import { rememberFeedback } from './addresses.ts';
import { bounces, complaints } from './metrics.ts';
import type { MailFeedback } from './queues.ts';

const configurationSet = requireEnv('MAIL_CONFIGURATION_SET');

/**
 * Takes what Amazon SES tells of our mail, any number of times. An address that mail came back from for
 * good, or whose owner complained, gets no more of it. What comes back for now, SES tries again by itself.
 */
export async function takeFeedback({ detail }: MailFeedback): Promise<void> {
  // The bus of the account also has the mail of others.
  if (!detail.mail?.tags?.['ses:configuration-set']?.includes(configurationSet)) return;
  const { bounce, complaint } = detail;
  if (bounce?.bounceType === 'Permanent') {
    const { bouncedRecipients, feedbackId } = bounce;
    for (const { emailAddress } of bouncedRecipients)
      if (await rememberFeedback(emailAddress, 'bounced_at', feedbackId)) recordMetric(bounces, 1);
    logger.info('mail_bounced', { feedback_id: feedbackId });
  }
  if (complaint) {
    const { complainedRecipients, feedbackId } = complaint;
    for (const { emailAddress } of complainedRecipients)
      if (await rememberFeedback(emailAddress, 'complained_at', feedbackId))
        recordMetric(complaints, 1);
    logger.info('mail_complaint', { feedback_id: feedbackId });
  }
}
