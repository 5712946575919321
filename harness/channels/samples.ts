import * as contract from '../../shared/channels/contract.ts';
import { type Sample, sample } from '../samples.ts';
import type { Tenant } from '../tenant.ts';
import { channelsOf } from './fakes.ts';

/** Credentials that the fake Ozon accepts. */
const keys = ({ stage }: Tenant) => {
  const { client_id = '', api_key = '' } = channelsOf(stage).ozon.createAccount({
    products: 1,
  }).credentials;
  return { body: { ozon: { client_id, api_key } } };
};

/** Saves credentials of the tenant. */
export async function saveCredentials(tenant: Tenant): Promise<void> {
  await tenant.call(contract.updateCredentials, keys(tenant));
}

const saved = async (tenant: Tenant) => {
  await saveCredentials(tenant);
  return {};
};

export const samples: readonly Sample[] = [
  sample(contract.updateCredentials, { arrange: keys }),
  sample(contract.getCredentials, { arrange: saved }),
  sample(contract.deleteCredentials, { arrange: saved }),
];
