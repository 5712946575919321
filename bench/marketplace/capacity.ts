import { buyMore, purchase } from '../../harness/marketplace/samples.ts';
import { getSubscription, register, registerByLink } from '../../shared/marketplace/contract.ts';
import type { CapacityCase } from '../capacity-cases.ts';

export const capacityCases: readonly CapacityCase[] = [
  { endpoint: register, when: 'a new purchase' },
  {
    endpoint: register,
    when: 'a known purchase',
    request: async (tenant) => {
      const known = purchase(tenant);
      await tenant.call(register, known);
      return known;
    },
  },
  { endpoint: registerByLink, when: 'a new purchase' },
  { endpoint: getSubscription, when: 'one license' },
  {
    endpoint: getSubscription,
    when: '10 licenses',
    request: async (tenant) => {
      for (let count = 0; count < 10; count += 1) await buyMore(tenant);
      return {};
    },
  },
];
