import { createApiKey } from '../../shared/api-keys/contract.ts';
import * as contract from '../../shared/audit/contract.ts';
import { exampleOf, type Sample, sample } from '../samples.ts';

export const samples: readonly Sample[] = [
  sample(contract.listAuditEvents, {
    query: { limit: '1' },
    // Beside the sign-up, so that there is a next page.
    arrange: async ({ call }) => {
      await call(createApiKey, { body: exampleOf(createApiKey) });
      return {};
    },
  }),
];
