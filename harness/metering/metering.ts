import { randomUUID } from 'node:crypto';
import { beforeAll, beforeEach } from 'vitest';
import { defineMeter } from '../../shared/contract/meters.ts';
import { scopes } from '../../shared/contract/registry.ts';
import { soldProducts } from '../../shared/marketplace/sold-products.ts';
import { pretendBcrypt } from '../bcrypt.ts';
import { travelTo } from '../clock.ts';
import { Agreement, deliverEvents } from '../marketplace/agreements.ts';
import { randomAddress, type TokenBody, useWorld, type World } from '../world.ts';
import { FakeMetering } from './fake-metering.ts';

/** A buyer's tenant with an active license, and what reports usage for it. */
export interface Buyer {
  readonly tenantId: string;
  readonly agreement: Agreement;
  readonly token: string;
  readonly apiKey: string;
}

/** When tests of the metering begin: in the middle of a month and of an hour. */
export const morning = Date.UTC(2026, 11, 15, 6, 20);
export const iso = (ms: number): string => new Date(ms).toISOString();

/** Something that a feature of a test counts towards the last dimension of the first product. */
export const sampleMeter = defineMeter({ name: 'samples', description: 'Samples of tests' });

/** Lets the first product be sold by samples, and returns the dimension. */
export function sellSamples(): string {
  const dimension = soldProducts[0]?.dimensions.at(-1);
  if (!dimension) throw new Error('The first product has no dimension');
  Object.assign(dimension, { meters: [...(dimension.meters ?? []), sampleMeter] });
  return dimension.key;
}

const options = { wait: async () => undefined, hasTime: () => true };

/** Loaded when first needed: a function reads its environment when it loads. */
export const modules = async () => ({
  ...(await import('../../shared/metering/run.ts')),
  ...(await import('../../shared/metering/final.ts')),
  ...(await import('../../shared/metering/record.ts')),
  ...(await import('../../shared/metering/usage.ts')),
});

/** Starts the world around the tests of a file, with a fake of AWS Marketplace's metering in it. */
export function useMetering() {
  const world = useWorld();
  const state = { aws: new FakeMetering() };
  beforeAll(() => pretendBcrypt('not needed here'));
  beforeEach(() => {
    travelTo(morning);
    state.aws = new FakeMetering();
    world.awsAnswers('BatchMeterUsage', (input) => state.aws.answer(input));
  });
  return {
    world,
    /** The fake of the test that runs. */
    get aws() {
      return state.aws;
    },
    buyer: (productCode?: string) => newBuyer(world, productCode),
    /** Reports usage with a key. */
    report: (buyer: Pick<Buyer, 'apiKey'>, body: object) =>
      world.send<{ code?: string; duplicate?: boolean; errors?: { pointer: string }[] }>(
        'POST',
        '/api/v1/usage',
        {
          apiKey: buyer.apiKey,
          body: {
            dimension: 'api_calls',
            quantity: 1,
            idempotency_key: randomUUID(),
            ...body,
          },
        },
      ),
    /** The hourly run. */
    meter: async () => (await modules()).meterHours(options),
    /** What is in the queue of the last usage, as often as it says. */
    meterFinally: async (licenseId: string) => (await modules()).meterLicense(licenseId, options),
  };
}

async function newBuyer(world: World, productCode?: string): Promise<Buyer> {
  const agreement = new Agreement(world, productCode === undefined ? {} : { productCode });
  const at = iso(Date.now());
  await deliverEvents(agreement.created(at), agreement.licenseUpdated(at));
  const { registration_ticket } = await agreement.register();
  const { body } = await world.send<TokenBody & { tenant_id: string }>(
    'POST',
    '/marketplace/complete-profile',
    {
      body: {
        registration_ticket,
        email: `${randomUUID()}@example.com`,
        password: 'correct horse battery',
      },
      address: randomAddress(),
    },
  );
  const token = body.access_token;
  const apiKey = await newKey(world, token, [...scopes.keys()]);
  return { tenantId: body.tenant_id, agreement, token, apiKey };
}

/** A key with these scopes. */
export async function newKey(
  world: World,
  token: string,
  scopes: readonly string[],
): Promise<string> {
  const { body } = await world.send<{ key: string }>('POST', '/api/v1/api-keys', {
    token,
    body: { name: 'usage', scopes },
  });
  return body.key;
}
