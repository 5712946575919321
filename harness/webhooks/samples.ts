import * as contract from '../../shared/webhooks/contract.ts';
import { exampleOf, type Sample, sample } from '../samples.ts';
import type { Tenant } from '../tenant.ts';

/** A webhook of the tenant, in a path. */
async function inPath({ call }: Tenant) {
  const { id } = await call<{ id: string }>(contract.createWebhook, {
    body: exampleOf(contract.createWebhook),
  });
  return { path: { id } };
}

/** A test event to one of the tenant's webhooks. */
async function deliver({ call }: Tenant, webhook: { path: { id: string } }) {
  return call<{ id: string }>(contract.testWebhook, webhook);
}

export const samples: readonly Sample[] = [
  sample(contract.createWebhook),
  sample(contract.listWebhooks, {
    arrange: async (tenant) => {
      await inPath(tenant);
      return {};
    },
  }),
  sample(contract.getWebhook, { arrange: inPath }),
  sample(contract.updateWebhook, { arrange: inPath }),
  sample(contract.deleteWebhook, { arrange: inPath }),
  sample(contract.rotateWebhookSecret, { arrange: inPath }),
  sample(contract.testWebhook, { arrange: inPath }),
  sample(contract.listDeliveries, {
    query: { limit: '1' },
    arrange: async (tenant) => {
      const webhook = await inPath(tenant);
      await deliver(tenant, webhook);
      await deliver(tenant, webhook);
      return webhook;
    },
  }),
  sample(contract.replayDelivery, {
    arrange: async (tenant) => {
      const webhook = await inPath(tenant);
      return { path: { ...webhook.path, delivery_id: (await deliver(tenant, webhook)).id } };
    },
  }),
];
