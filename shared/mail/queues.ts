import * as z from 'zod/mini';
import { defineQueue } from '../contract/queues.ts';

/** Mail to send, by its names in the outbox. */
export const mailQueue = defineQueue('mail', () =>
  z.strictObject({ tenant_id: z.string(), mail_id: z.string() }),
);

const Address = z.looseObject({ emailAddress: z.string().check(z.maxLength(320)) });

/**
 * What Amazon SES tells of a mail. `mail.tags` names the configuration set that it was sent with.
 * https://docs.aws.amazon.com/ses/latest/dg/monitoring-eventbridge.html
 */
export const mailFeedback = defineQueue(
  'mail-feedback',
  () =>
    z.looseObject({
      source: z.literal('aws.ses'),
      'detail-type': z.string(),
      detail: z.looseObject({
        mail: z.optional(
          z.looseObject({ tags: z.optional(z.record(z.string(), z.array(z.string()))) }),
        ),
        bounce: z.optional(
          z.looseObject({
            bounceType: z.string(),
            bouncedRecipients: z.array(Address),
            feedbackId: z.string().check(z.maxLength(256)),
          }),
        ),
        complaint: z.optional(
          z.looseObject({
            complainedRecipients: z.array(Address),
            feedbackId: z.string().check(z.maxLength(256)),
          }),
        ),
      }),
    }),
  { eventSource: 'aws.ses' },
);
export type MailFeedback = z.infer<typeof mailFeedback.message>;
