import {
  DescribeAgreementCommand,
  GetAgreementTermsCommand,
} from '@aws-sdk/client-marketplace-agreement';
import {
  GetEntitlementsCommand,
  type GetEntitlementsCommandInput,
} from '@aws-sdk/client-marketplace-entitlement-service';
import { describe, expect, it } from 'vitest';
import { useSeller } from './seller.ts';

const seller = useSeller();
const day = 24 * 3600 * 1000;

async function entitlements(input: GetEntitlementsCommandInput) {
  const client = seller.entitlement();
  return client.send(new GetEntitlementsCommand(input)).finally(() => client.destroy());
}
const errorOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'none',
    (error: Error) => error.name,
  );

let number = 0;
/** A product of its own for a test. */
const freshProduct = () => {
  number += 1;
  return `contract-${number}`;
};
const buyContract = (product_code: string, request: object) =>
  seller.buy({ product_code, pricing: 'contract', ...request });

describe('GetEntitlements', () => {
  it('has what active agreements entitle to, until they end', async () => {
    const ProductCode = freshProduct();
    const { license_arn, agreement_id } = await buyContract(ProductCode, {
      dimensions: { seats: 3, share: 0.5, support: true, region: 'eu' },
    });

    const { Entitlements = [] } = await entitlements({ ProductCode });

    expect(Entitlements.map(({ Dimension, Value }) => [Dimension, Value])).toEqual([
      ['seats', { IntegerValue: 3 }],
      ['share', { DoubleValue: 0.5 }],
      ['support', { BooleanValue: true }],
      ['region', { StringValue: 'eu' }],
    ]);
    expect(Entitlements[0]).toEqual({
      ProductCode,
      Dimension: 'seats',
      CustomerAWSAccountId: '111122223333',
      LicenseArn: license_arn,
      Value: { IntegerValue: 3 },
      ExpirationDate: expect.any(Date),
    });
    const left = Number(Entitlements[0]?.ExpirationDate) - Date.now();
    expect(left / day).toBeCloseTo(365, 1);

    await seller.act(agreement_id, 'amend', { dimensions: { seats: 4 } });
    expect((await entitlements({ ProductCode })).Entitlements).toMatchObject([
      { Dimension: 'seats', Value: { IntegerValue: 4 } },
    ]);
    await seller.act(agreement_id, 'cancel');
    expect((await entitlements({ ProductCode })).Entitlements).toEqual([]);
  });

  it('filters by alternatives within a key, and by all keys', async () => {
    const ProductCode = freshProduct();
    const one = await buyContract(ProductCode, {
      account_id: '111111111111',
      dimensions: ['a', 'b'],
    });
    await buyContract(ProductCode, { account_id: '222222222222', dimensions: ['a', 'c'] });
    const found = async (Filter: GetEntitlementsCommandInput['Filter']) =>
      (await entitlements({ ProductCode, Filter })).Entitlements?.map(
        ({ CustomerAWSAccountId, Dimension }) => `${CustomerAWSAccountId?.[0]}${Dimension}`,
      );

    expect(await found({ DIMENSION: ['a'] })).toEqual(['1a', '2a']);
    expect(await found({ DIMENSION: ['a', 'c'] })).toEqual(['1a', '2a', '2c']);
    expect(
      await found({ DIMENSION: ['a', 'c'], CUSTOMER_AWS_ACCOUNT_ID: ['222222222222'] }),
    ).toEqual(['2a', '2c']);
    expect(await found({ LICENSE_ARN: [one.license_arn] })).toEqual(['1a', '1b']);
    expect(await found({ LICENSE_ARN: ['arn:none'] })).toEqual([]);
  });

  it('comes in pages, of which an empty one may not be the last', async () => {
    const ProductCode = freshProduct();
    await buyContract(ProductCode, { account_id: '111111111111', dimensions: ['a', 'b'] });
    await buyContract(ProductCode, { account_id: '222222222222', dimensions: ['a'] });
    const Filter = { CUSTOMER_AWS_ACCOUNT_ID: ['222222222222'] };

    const first = await entitlements({ ProductCode, Filter, MaxResults: 2 });
    expect(first.Entitlements).toEqual([]);
    const second = await entitlements({
      ProductCode,
      Filter,
      MaxResults: 2,
      NextToken: first.NextToken,
    });
    expect(second.Entitlements).toMatchObject([{ Dimension: 'a' }]);
    expect(second.NextToken).toBeUndefined();
  });

  it.each<[string, Partial<GetEntitlementsCommandInput>]>([
    ['an unknown product', { ProductCode: 'nothing' }],
    ['26 results', { MaxResults: 26 }],
    ['0 results', { MaxResults: 0 }],
    ['a foreign token', { NextToken: 'eA==' }],
    [
      'two names of a customer',
      { Filter: { CUSTOMER_IDENTIFIER: ['x'], CUSTOMER_AWS_ACCOUNT_ID: ['1'] } },
    ],
    ['a filter without values', { Filter: { DIMENSION: [] } }],
  ])('refuses %s', async (_, input) => {
    expect(await errorOf(entitlements({ ProductCode: 'by-contract', ...input }))).toBe(
      'InvalidParameterException',
    );
  });

  it('can be told to fail', async () => {
    await seller.send('POST', 'faults', {
      apis: { GetEntitlements: { error: 'internal_error', times: 1 } },
    });

    expect(await errorOf(entitlements({ ProductCode: 'by-contract' }))).toBe(
      'InternalServiceErrorException',
    );
    expect(await errorOf(entitlements({ ProductCode: 'by-contract' }))).toBe('none');
  });
});

describe('the agreement API', () => {
  const describeAgreement = async (agreementId: string) => {
    const client = seller.agreement();
    return client
      .send(new DescribeAgreementCommand({ agreementId }))
      .finally(() => client.destroy());
  };
  const termsOf = async (
    agreementId: string,
    page: { maxResults?: number; nextToken?: string },
  ) => {
    const client = seller.agreement();
    return client
      .send(new GetAgreementTermsCommand({ agreementId, ...page }))
      .finally(() => client.destroy());
  };

  it('describes an agreement and its state', async () => {
    const { agreement_id } = await seller.buy({ product_code: 'by-contract' });

    expect(await describeAgreement(agreement_id)).toEqual({
      $metadata: expect.anything(),
      agreementId: agreement_id,
      agreementType: 'PurchaseAgreement',
      acceptor: { accountId: '111122223333' },
      proposer: { accountId: '000000000000' },
      acceptanceTime: expect.any(Date),
      startTime: expect.any(Date),
      endTime: expect.any(Date),
      status: 'ACTIVE',
      estimatedCharges: { currencyCode: 'USD', agreementValue: '0' },
      proposalSummary: {
        offerId: expect.stringMatching(/^offer-/),
        resources: [{ id: expect.stringMatching(/^prod-/), type: 'SaaSProduct' }],
      },
      initialAgreementId: agreement_id,
    });
    const { agreement_id: next } = await seller.act(agreement_id, 'renew');
    expect((await describeAgreement(agreement_id)).status).toBe('RENEWED');
    expect(await describeAgreement(next)).toMatchObject({
      status: 'ACTIVE',
      initialAgreementId: agreement_id,
    });
    const usage = await seller.buy();
    expect((await describeAgreement(usage.agreement_id)).endTime).toBeUndefined();
  });

  it('has the terms, of which one tells a free trial', async () => {
    const { agreement_id } = await seller.buy({ offer_type: 'free-trial', trial_days: 7 });

    const { acceptedTerms = [] } = await termsOf(agreement_id, {});

    expect(acceptedTerms.map((term) => Object.keys(term)[0])).toEqual([
      'freeTrialPricingTerm',
      'usageBasedPricingTerm',
      'legalTerm',
      'supportTerm',
    ]);
    expect(acceptedTerms[0]?.freeTrialPricingTerm).toMatchObject({
      type: 'FreeTrialPricingTerm',
      duration: 'P7D',
    });
    expect(acceptedTerms[1]?.usageBasedPricingTerm?.rateCards?.[0]?.rateCard).toMatchObject([
      { dimensionKey: 'calls' },
      { dimensionKey: 'rows' },
    ]);
  });

  it('has what a contract was configured with, in pages', async () => {
    const { agreement_id } = await seller.buy({
      product_code: 'by-contract',
      dimensions: { seats: 3 },
    });

    const first = await termsOf(agreement_id, { maxResults: 1 });
    expect(first.acceptedTerms?.[0]?.configurableUpfrontPricingTerm?.configuration).toEqual({
      selectorValue: 'P365D',
      dimensions: [{ dimensionKey: 'seats', dimensionValue: 3 }],
    });
    const rest = await termsOf(agreement_id, { nextToken: first.nextToken ?? '' });
    expect(rest.acceptedTerms?.map((term) => Object.keys(term)[0])).toEqual([
      'renewalTerm',
      'validityTerm',
      'legalTerm',
      'supportTerm',
    ]);
    expect(rest.acceptedTerms?.[1]?.validityTerm?.agreementEndDate).toBeInstanceOf(Date);
  });

  it('knows no other agreements', async () => {
    await expect(describeAgreement('agmt-of-nothing')).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      resourceId: 'agmt-of-nothing',
      resourceType: 'Agreement',
    });
    await expect(termsOf('no id', {})).rejects.toMatchObject({
      name: 'ValidationException',
      reason: 'INVALID_AGREEMENT_ID',
    });
  });
});
