import { linkLicense, register } from '../../shared/marketplace/contract.ts';
import { reportUsage } from '../../shared/metering/contract.ts';
import { noMeteredLicense } from '../../shared/metering/errors.ts';
import { purchase } from '../marketplace/samples.ts';
import { type Sample, sample } from '../samples.ts';
import { newSuffix, type Tenant } from '../tenant.ts';

const licensed = new WeakMap<Tenant, Promise<string>>();

/** Gives a tenant an active license of a product that is sold by use, once. Returns its ARN. */
export function license(tenant: Tenant): Promise<string> {
  const known = licensed.get(tenant) ?? buy(tenant);
  licensed.set(tenant, known);
  return known;
}

async function buy(tenant: Tenant): Promise<string> {
  const { takeEvent } = await import('../../shared/marketplace/take-event.ts');
  const { licenseIdOf } = await import('../../shared/marketplace/license-ids.ts');
  const bought = purchase(tenant);
  const { registration_ticket } = await tenant.call<{ registration_ticket: string }>(
    register,
    bought,
  );
  await tenant.call(linkLicense, { body: { registration_ticket } });
  const arn = `arn:aws:license-manager::294406891311:license:l-${bought.body['x-amzn-marketplace-token']}`;
  const { requestContext } = await import('../../shared/runtime/request-context.ts');
  const actor = { kind: 'aws_marketplace', id: 'samples' } as const;
  const event = {
    event_id: newSuffix(),
    time: new Date().toISOString(),
    name: 'License Updated',
    agreement_id: `agmt-${newSuffix()}`,
    license_id: licenseIdOf(arn),
    license_arn: arn,
    product_code: 'tenantry-demo',
    account_id: '111122223333',
    detail: {},
  };
  await requestContext.run({ allowances: [], actor }, () => takeEvent(event));
  return arn;
}

const usage = () => ({ dimension: 'api_calls', quantity: 3, idempotency_key: newSuffix() });

export const samples: readonly Sample[] = [
  sample(reportUsage, {
    arrange: async (tenant) => {
      await license(tenant);
      return { body: usage() };
    },
    foreign: {
      arrange: async (tenant) => ({ body: { ...usage(), license_arn: await license(tenant) } }),
      error: noMeteredLicense,
    },
  }),
];
