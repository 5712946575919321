import * as contract from '../../shared/marketplace/contract.ts';
import { type Sample, sample } from '../samples.ts';
import { newEmail, password, type Tenant } from '../tenant.ts';

/** The form with which AWS Marketplace sends the buyer of a new purchase. */
export const purchase = ({ stage }: Tenant) => ({
  body: { 'x-amzn-marketplace-token': stage.purchase() },
});

/** Adds an active license to a tenant. */
export async function buyMore(tenant: Tenant): Promise<void> {
  const { registration_ticket } = await tenant.call<{ registration_ticket: string }>(
    contract.stubRegister,
  );
  await tenant.call(contract.linkLicense, { body: { registration_ticket } });
}

/** Tenants that have bought something, for their subscription to show. */
const buyers = new WeakSet<Tenant>();

export const samples: readonly Sample[] = [
  sample(contract.register, { arrange: purchase }),
  sample(contract.registerByLink, {
    arrange: ({ stage }) => ({ query: { token: stage.purchase() } }),
  }),
  sample(contract.completeProfile, {
    arrange: async (tenant) => {
      const { registration_ticket } = await tenant.call<{ registration_ticket: string }>(
        contract.register,
        purchase(tenant),
      );
      return { body: { registration_ticket, email: newEmail(), password } };
    },
  }),
  sample(contract.linkLicense, {
    arrange: async (tenant) => {
      const { registration_ticket } = await tenant.call<{ registration_ticket: string }>(
        contract.register,
        purchase(tenant),
      );
      return { body: { registration_ticket } };
    },
    isClaim: true,
  }),
  sample(contract.getSubscription, {
    arrange: async (tenant) => {
      if (buyers.has(tenant)) return {};
      buyers.add(tenant);
      await buyMore(tenant);
      return {};
    },
  }),
  sample(contract.stubRegister),
];
