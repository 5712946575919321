import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { expect, it, vi } from 'vitest';
import { hour, minute, travel, travelTo } from '../../../harness/clock.ts';
import { tenantItem } from '../../../harness/items.ts';
import { lambdaContext, useWorld } from '../../../harness/world.ts';

const world = useWorld();
const count = 1000;
const many = Array.from({ length: count }, (_, index) => ({
  tenantId: `tnt_${String(index).padStart(26, '0')}`,
  licenseId: `l-many${index}`,
}));

/** An active license of a tenant of its own, due now. */
async function writeLicenses(): Promise<void> {
  const { writeMany } = await import('../../../shared/table/table.ts');
  const { marketplaceKeys, dueSeries } = await import('../../../shared/marketplace/keys.ts');
  const { tenantKeys } = await import('../../../shared/tenants/keys.ts');
  const now = new Date().toISOString();
  const stamps = { created_at: now, updated_at: now };
  const items = many.flatMap(({ tenantId, licenseId }) => [
    {
      ...tenantKeys.tenant(tenantId),
      id: tenantId,
      name: null,
      status: 'ACTIVE',
      plan: null,
      version: 1,
      ...stamps,
    },
    {
      ...marketplaceKeys.license(tenantId, licenseId),
      license_id: licenseId,
      license_arn: `arn:aws:license-manager::294406891311:license:${licenseId}`,
      account_id: '111122223333',
      product_code: 'tenantry-demo-contract',
      status: 'ACTIVE',
      created_at: now,
    },
    {
      ...marketplaceKeys.licenseLookup(licenseId),
      tenant_id: tenantId,
      ...dueSeries(now, licenseId),
    },
  ]);
  await writeMany(items.map((put) => ({ put })));
}

it('1,000 licenses are asked for once each in a bounded number of calls, and not again that day', async () => {
  travelTo(Date.parse('2026-11-20T12:00:00Z'));
  const { handler } = await import('../../../functions/marketplace/refresh-entitlements.ts');
  const context = { ...lambdaContext('refresh'), getRemainingTimeInMillis: () => 300_000 };
  await writeLicenses();
  const asked = new Set<string>();
  let calls = 0;
  world.awsAnswers('GetEntitlements', ({ Filter }) => {
    calls += 1;
    asked.add(JSON.stringify(Filter));
    return { members: { Entitlements: [{ Dimension: 'pro', Value: { IntegerValue: 1 } }] } };
  });
  travel(minute);
  const table = vi.spyOn(DynamoDBDocumentClient.prototype, 'send');

  await handler({}, context);

  expect([calls, asked.size]).toEqual([count, count]);
  // Of each: the license read and written, the tenant with its licenses read and written, the next time.
  expect(table.mock.calls.length).toBeLessThanOrEqual(6 * count + count / 100 + 1);
  expect(await tenantItem(many.at(-1)?.tenantId ?? '')).toMatchObject({ plan: 'PRO', version: 2 });

  table.mockClear();
  travel(23 * hour);
  await handler({}, context);
  expect(calls).toBe(count);
  expect(table.mock.calls).toHaveLength(1);
}, 90_000);
