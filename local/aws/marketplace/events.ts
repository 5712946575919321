import { randomBytes, randomUUID } from 'node:crypto';
import { account, region } from '../aws.ts';
import { productIdOf } from './products.ts';
import type { Agreement, EventEnvelope, Notice } from './state.ts';

/** Where an agreement without an end ends, as events have it. */
const noEnd = '9999-01-01T00:00:00Z';
/** An account of a channel partner, who proposes what it sells. */
const partnerAccount = '993604559884';

/** Real ones have no milliseconds in the time of the envelope. */
const secondOf = (ms: number) => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

/** The envelope of an event of an agreement. */
export function envelope(
  detailType: string,
  agreementId: string | null,
  detail: Readonly<Record<string, unknown>>,
  timeMs: number,
): EventEnvelope {
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': detailType,
    source: 'aws.agreement-marketplace',
    account,
    time: secondOf(timeMs),
    region,
    resources:
      agreementId === null ? [] : [`arn:aws:aws-marketplace::aws:agreement:${agreementId}`],
    detail,
  };
}

const parties = ({ account_id, channel_partner }: Agreement) => ({
  acceptor: { accountId: account_id },
  proposer: { accountId: channel_partner ? partnerAccount : account },
});

const agreementSuffix = ({ channel_partner }: Agreement) =>
  channel_partner ? 'Manufacturer' : 'Proposer';

const resale = ({ channel_partner }: Agreement) => ({
  id: channel_partner ? `resaleauthz-${randomBytes(7).toString('hex')}` : null,
});

/** An agreement came to be, or its terms changed. Only that of a successor names the product. */
export function purchased(
  agreement: Agreement,
  subject: 'Created' | 'Amended',
  title: string,
  timeMs: number,
): EventEnvelope {
  const { agreement_id, offer_id, intent, previous_agreement_id } = agreement;
  const isLater = previous_agreement_id !== null;
  return envelope(
    `Purchase Agreement ${subject} - ${agreementSuffix(agreement)}`,
    agreement_id,
    {
      offer: { id: offer_id },
      catalog: 'AWSMarketplace',
      ...parties(agreement),
      agreement: {
        id: agreement_id,
        intent: subject === 'Amended' ? 'AMEND' : intent,
        status: 'ACTIVE',
        startTime: agreement.purchased_at,
        acceptanceTime: agreement.purchased_at,
        endTime: agreement.ends_at ?? noEnd,
        ...(isLater && subject === 'Created' && { previousAgreementId: previous_agreement_id }),
      },
      ...(isLater &&
        subject === 'Created' && {
          product: { id: productIdOf(agreement.product_code), title },
        }),
      requestId: randomUUID(),
      resaleAuthorization: resale(agreement),
    },
    timeMs,
  );
}

/** An agreement ended, with the status that says how. */
export function ended(agreement: Agreement, timeMs: number): EventEnvelope {
  return envelope(
    `Purchase Agreement Ended - ${agreementSuffix(agreement)}`,
    agreement.agreement_id,
    {
      catalog: 'AWSMarketplace',
      ...parties(agreement),
      agreement: { id: agreement.agreement_id, status: agreement.status },
      requestId: randomUUID(),
      resaleAuthorization: resale(agreement),
    },
    timeMs,
  );
}

/** What a license allows changed, or it was taken away. Only these events join agreement and license. */
export function license(
  agreement: Agreement,
  subject: 'Updated' | 'Deprovisioned',
  timeMs: number,
): EventEnvelope {
  return envelope(
    `License ${subject} - Manufacturer`,
    agreement.agreement_id,
    {
      offer: { id: agreement.offer_id },
      catalog: 'AWSMarketplace',
      license: { arn: agreement.license_arn },
      product: { id: productIdOf(agreement.product_code), code: agreement.product_code },
      ...parties(agreement),
      agreement: { id: agreement.agreement_id },
      requestId: randomUUID(),
    },
    timeMs,
  );
}

export type SubscriptionAction =
  | 'subscribe-success'
  | 'subscribe-fail'
  | 'unsubscribe-pending'
  | 'unsubscribe-success';

/** Account of AWS that the topics of products lie in. */
const topicAccount = '287250355862';

/** A message of the older contract. It names neither license nor AWS account. */
export function message(
  agreement: Agreement,
  action: SubscriptionAction | 'entitlement-updated',
  timeMs: number,
): Notice {
  const kind = action === 'entitlement-updated' ? 'entitlement' : 'subscription';
  const { product_code, customer_identifier, offer_id, offer_type } = agreement;
  const isSubscribe = action === 'subscribe-success' || action === 'subscribe-fail';
  return {
    channel: 'sns',
    message_id: randomUUID(),
    timestamp: new Date(timeMs).toISOString(),
    topic_arn: `arn:aws:sns:us-east-1:${topicAccount}:aws-mp-${kind}-notification-${product_code}`,
    message: {
      action,
      'customer-identifier': customer_identifier,
      'product-code': product_code,
      ...(isSubscribe && {
        'offer-identifier': offer_id,
        isFreeTrialTermPresent: String(offer_type !== null),
      }),
    },
  };
}
