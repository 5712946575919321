import {
  MarketplaceMeteringClient,
  ResolveCustomerCommand,
} from '@aws-sdk/client-marketplace-metering';
import { expect, it } from 'vitest';
import { PurchaseRequest } from '../../../local/aws/marketplace/agreements.ts';
import { startCloud } from '../../../local/cloud.ts';
import { writeMiniAssembly } from '../mini-assembly.ts';

const hour = 3600;

// No other cloud runs in this process: it would be as far ahead.
it('is kept over a restart, and moves the tokens of AWS Marketplace', async () => {
  const files = writeMiniAssembly();
  const start = () => startCloud({ port: 0, environment: {}, ...files });
  const before = await start();
  const { token } = before.marketplace.purchase(PurchaseRequest.parse({}));
  await before.clock.advance(5 * hour);
  const aheadMs = before.clock.offsetMs;
  await before.stop();

  const after = await start();
  expect(aheadMs).toBeGreaterThanOrEqual(5 * hour * 1000);
  expect(after.clock.offsetMs).toBe(aheadMs);
  const metering = new MarketplaceMeteringClient({
    endpoint: after.endpoints.marketplace,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  await expect(
    metering.send(new ResolveCustomerCommand({ RegistrationToken: token })),
  ).rejects.toMatchObject({ name: 'ExpiredTokenException' });
  metering.destroy();
  await after.stop();
  files.remove();
});
