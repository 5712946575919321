import { describe, expect, it, vi } from 'vitest';
import { channelsOf } from '../../../harness/channels/fakes.ts';
import { useSystem } from '../../../harness/system.ts';

const system = useSystem();

const waiting = { timeout: 20_000, interval: 50 };

describe('products', () => {
  it('of several syncs are shown with all figures', async () => {
    const { access_token: token } = await system.newOwner();
    const ozon = channelsOf(system.cloud).ozon.createAccount({ products: 30 }).credentials;
    await system.send('PATCH', '/api/v1/tenants/me/credentials', { token, body: { ozon } });

    for (let round = 0; round < 3; round += 1) {
      const { body } = await system.send('POST', '/api/v1/products/sync', { token, body: {} });
      await vi.waitFor(async () => {
        const path = `/api/v1/products/sync/${body.task_id}`;
        const run = await system.send('GET', path, { token });
        expect(run.body).toMatchObject({ status: 'completed', processed: 30 });
      }, waiting);
    }

    const dashboard = await system.send('GET', '/api/v1/analytics/dashboard', { token });
    expect(dashboard).toMatchObject({
      status: 200,
      body: { total_products: 30, last_sync: { status: 'completed', products_synced: 30 } },
    });
    const path = '/api/v1/analytics/sync-history?limit=2';
    const history = await system.send<{ items: object[] }>('GET', path, { token });
    expect(history.status).toBe(200);
    expect(history.body.items).toHaveLength(2);
  });
});
