import * as z from 'zod/mini';
import type { AgreementEnvelope, AgreementEvent } from './agreement-events.ts';
import { customerLicenseId } from './license-ids.ts';

/** The envelope of Amazon SNS in a queue. */
export const Notification = z.looseObject({
  Type: z.literal('Notification'),
  MessageId: z.string().check(z.regex(/^[A-Za-z0-9-]{1,128}$/)),
  TopicArn: z.string(),
  Message: z.string().check(z.maxLength(262_144)),
  Timestamp: z.iso.datetime({ offset: true }),
});
export type Notification = z.infer<typeof Notification>;

/** Whether a message of the queue came by Amazon SNS. */
export const isNotification = (
  message: Notification | AgreementEnvelope,
): message is Notification => message.Type === 'Notification';

/**
 * What Amazon SNS tells of purchases of products with the identity `customer`.
 * https://docs.aws.amazon.com/marketplace/latest/userguide/saas-notification.html
 */
const Message = z.looseObject({
  action: z.string().check(z.minLength(1), z.maxLength(128)),
  'customer-identifier': z.string().check(z.regex(/^[A-Za-z0-9_.:@-]{1,255}$/)),
  'product-code': z.string().check(z.regex(/^[-a-zA-Z0-9/=:_.@]{1,255}$/)),
  'offer-identifier': z.optional(z.string().check(z.maxLength(255))),
  isFreeTrialTermPresent: z.optional(z.string()),
});

/** The event in a notification, as one of the agreement that stands for the customer and product. */
export function toCustomerEvent({
  MessageId,
  Timestamp,
  Message: text,
}: Notification): AgreementEvent {
  const detail = Message.parse(JSON.parse(text));
  const productCode = detail['product-code'];
  const licenseId = customerLicenseId(productCode, detail['customer-identifier']);
  return {
    event_id: MessageId,
    time: new Date(Timestamp).toISOString(),
    name: detail.action,
    agreement_id: licenseId,
    license_id: licenseId,
    product_code: productCode,
    ...(detail.isFreeTrialTermPresent === 'true' && { is_free_trial: true }),
    detail,
  };
}
