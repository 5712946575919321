import { KMSClient, RotateKeyOnDemandCommand } from '@aws-sdk/client-kms';
import { describe, expect, it } from 'vitest';
import { channelsOf } from '../../../harness/channels/fakes.ts';
import { useSystem } from '../../../harness/system.ts';

const system = useSystem();
const path = '/api/v1/tenants/me/credentials';

interface Credentials {
  items: { marketplace: string; is_verified: boolean; masked: Record<string, string> }[];
}

describe('seller credentials on the running system', () => {
  it('are tried, sealed, read masked, sealed anew after a rotation, and deleted', async () => {
    const { access_token: token } = await system.newOwner();
    const { cloud } = system;
    const keyOf = (name: 'wildberries' | 'ozon') =>
      channelsOf(cloud)[name].createAccount({ products: 1 }).credentials;
    const [wildberries, ozon] = [keyOf('wildberries'), keyOf('ozon')];

    const saved = await system.send<Credentials>('PATCH', path, {
      token,
      body: { wildberries, ozon },
    });

    expect(saved.status).toBe(200);
    expect(saved.body.items.map(({ is_verified }) => is_verified)).toEqual([true, true]);
    expect(JSON.stringify(saved.body)).not.toContain(ozon?.api_key);

    const kms = new KMSClient({
      endpoint: cloud.endpoints.kms,
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    });
    await kms.send(new RotateKeyOnDemandCommand({ KeyId: cloud.keyArn('CredentialsKey') }));
    kms.destroy();
    cloud.clearLogs();
    const run = await cloud.invoke('channels/rewrap-credentials', {});
    expect(run.ok).toBe(true);
    const lines = cloud.logs().map(({ line }) => line);
    expect(lines.find((line) => line.includes('rewrapped_credentials'))).toMatch(
      /"rewrapped":2.*"failed":0/,
    );

    expect((await system.send('GET', path, { token })).body).toEqual(saved.body);
    expect((await system.send('DELETE', path, { token })).status).toBe(204);
    expect((await system.send('GET', path, { token })).body).toEqual({ items: [] });
  });

  it('tell what is wrong with a key', async () => {
    const { access_token: token } = await system.newOwner();
    const lacking = channelsOf(system.cloud).wildberries.createAccount({ lacks: ['prices'] });

    const answer = await system.send('PATCH', path, {
      token,
      body: { wildberries: lacking?.credentials },
    });

    expect(answer).toMatchObject({
      status: 422,
      body: {
        code: 'seller_key_scope',
        detail: 'The Wildberries key does not open: Prices and discounts.',
      },
    });
  });
});
