import { randomUUID } from 'node:crypto';
import { AwsError, account } from '../aws.ts';
import { stableId } from '../resource-types.ts';
import type { Agreements } from './agreements.ts';
import { productIdOf } from './products.ts';
import type { Agreement } from './state.ts';

const secondsOf = (iso: string) => Date.parse(iso) / 1000;
const dayMs = 24 * 60 * 60 * 1000;

/** DescribeAgreement. Throws AwsError. */
export function describeAgreement(
  input: Readonly<Record<string, unknown>>,
  agreements: Agreements,
): Record<string, unknown> {
  const agreement = find(input, agreements);
  const { ends_at, ended_at, purchased_at } = agreement;
  const end = ended_at ?? ends_at;
  return {
    agreementId: agreement.agreement_id,
    agreementType: 'PurchaseAgreement',
    acceptor: { accountId: agreement.account_id },
    proposer: { accountId: account },
    acceptanceTime: secondsOf(purchased_at),
    startTime: secondsOf(purchased_at),
    ...(end !== null && { endTime: secondsOf(end) }),
    status: agreement.status,
    estimatedCharges: { currencyCode: 'USD', agreementValue: '0' },
    proposalSummary: {
      offerId: agreement.offer_id,
      resources: [{ id: productIdOf(agreement.product_code), type: 'SaaSProduct' }],
    },
    initialAgreementId: agreement.initial_agreement_id,
  };
}

/** GetAgreementTerms, in pages. Throws AwsError. */
export function getAgreementTerms(
  input: Readonly<Record<string, unknown>>,
  agreements: Agreements,
): Record<string, unknown> {
  const agreement = find(input, agreements);
  const { maxResults = 50, nextToken } = input;
  if (
    typeof maxResults !== 'number' ||
    !Number.isInteger(maxResults) ||
    maxResults < 1 ||
    maxResults > 50
  )
    throw invalid('INVALID_MAX_RESULTS', 'maxResults is not an integer from 1 to 50');
  const from = nextToken === undefined ? 0 : Number(String(nextToken).replace(/^after-/, ''));
  if (!Number.isInteger(from)) throw invalid('INVALID_NEXT_TOKEN', 'nextToken is not valid');
  const terms = termsOf(agreement);
  const next = from + maxResults;
  return {
    acceptedTerms: terms.slice(from, next),
    ...(next < terms.length && { nextToken: `after-${next}` }),
  };
}

function find(input: Readonly<Record<string, unknown>>, agreements: Agreements): Agreement {
  const { agreementId } = input;
  if (typeof agreementId !== 'string' || !/^[A-Za-z0-9_/-]{1,64}$/.test(agreementId))
    throw invalid('INVALID_AGREEMENT_ID', 'agreementId is not the id of an agreement');
  const agreement = agreements.find(agreementId);
  if (agreement) return agreement;
  throw new AwsError('ResourceNotFoundException', `Agreement ${agreementId} not found`, 400, {
    requestId: randomUUID(),
    resourceId: agreementId,
    resourceType: 'Agreement',
  });
}

function termsOf(agreement: Agreement): Record<string, unknown>[] {
  const { agreement_id, pricing, purchased_at, ends_at, trial_ends_at } = agreement;
  const term = (type: string, members: object) => {
    const name = `${type.charAt(0).toLowerCase()}${type.slice(1)}`;
    return { [name]: { type, id: `term-${stableId(agreement_id + type, 13)}`, ...members } };
  };
  const rates = (keys: readonly string[]) =>
    keys.map((dimensionKey) => ({ dimensionKey, price: pricing === 'free' ? '0.00' : '0.01' }));
  const duration = ends_at && durationOf(purchased_at, ends_at);
  const isContract = pricing === 'contract' || pricing === 'contract-with-consumption';
  return [
    ...(trial_ends_at === null
      ? []
      : [
          term('FreeTrialPricingTerm', {
            duration: durationOf(purchased_at, trial_ends_at),
            grants: Object.keys(agreement.dimensions).map((dimensionKey) => ({ dimensionKey })),
          }),
        ]),
    ...(isContract
      ? [
          term('ConfigurableUpfrontPricingTerm', {
            currencyCode: 'USD',
            rateCards: [
              {
                selector: { type: 'Duration', value: duration ?? 'P12M' },
                constraints: {
                  multipleDimensionSelection: 'Allowed',
                  quantityConfiguration: 'Allowed',
                },
                rateCard: rates(Object.keys(agreement.dimensions)),
              },
            ],
            configuration: {
              selectorValue: duration ?? 'P12M',
              dimensions: Object.entries(agreement.dimensions).map(([dimensionKey, value]) => ({
                dimensionKey,
                dimensionValue: typeof value === 'number' ? Math.trunc(value) : 1,
              })),
            },
          }),
          term('RenewalTerm', { configuration: { enableAutoRenew: false } }),
        ]
      : []),
    ...(pricing === 'contract'
      ? []
      : [
          term('UsageBasedPricingTerm', {
            currencyCode: 'USD',
            rateCards: [{ rateCard: rates(agreement.meterable ?? []) }],
          }),
        ]),
    ...(duration
      ? [
          term('ValidityTerm', {
            agreementDuration: duration,
            agreementStartDate: secondsOf(purchased_at),
            agreementEndDate: secondsOf(ends_at),
          }),
        ]
      : []),
    term('LegalTerm', { documents: [{ type: 'StandardEula', version: '2022-07-14' }] }),
    term('SupportTerm', { refundPolicy: 'As the seller says.' }),
  ];
}

const durationOf = (from: string, to: string) =>
  `P${Math.max(1, Math.round((Date.parse(to) - Date.parse(from)) / dayMs))}D`;

function invalid(reason: string, message: string): AwsError {
  return new AwsError('ValidationException', message, 400, {
    requestId: randomUUID(),
    reason,
    fields: [{ name: 'agreementId', message }],
  });
}
