import * as contract from '../../shared/api-keys/contract.ts';
import { exampleOf, type Sample, sample } from '../samples.ts';
import type { Tenant } from '../tenant.ts';

const create = ({ call }: Tenant) =>
  call<{ id: string }>(contract.createApiKey, { body: exampleOf(contract.createApiKey) });

export const samples: readonly Sample[] = [
  sample(contract.createApiKey),
  sample(contract.listApiKeys, {
    arrange: async (tenant) => {
      await create(tenant);
      return {};
    },
  }),
  sample(contract.deleteApiKey, {
    arrange: async (tenant) => ({ path: { id: (await create(tenant)).id } }),
  }),
];
