import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hour, minute, travel, travelTo } from '../../../harness/clock.ts';
import { logLines, outputOf } from '../../../harness/output.ts';
import { type StsServer, startSts } from '../../../harness/sts.ts';
import { randomAddress, useWorld } from '../../../harness/world.ts';

const world = useWorld();
const role = 'arn:aws:iam::993604559884:role/tenantry-seller';
let sts: StsServer;
let startsAt = Date.now();

beforeAll(async () => {
  sts = await startSts();
  process.env.SELLER_ROLE_ARN = role;
  process.env.AWS_ENDPOINT_URL_STS = sts.endpoint;
});
afterAll(() => sts.stop());
beforeEach(() => {
  sts.refuse(false);
  // What an earlier test was given has expired.
  startsAt += 2 * hour;
  travelTo(startsAt);
});

async function register() {
  const token = `aws-token-${randomUUID()}`;
  world.purchases.set(token, {
    CustomerAWSAccountId: '111122223333',
    LicenseArn: `arn:aws:license-manager::294406891311:license:l-${randomUUID().replaceAll('-', '')}`,
    ProductCode: 'tenantry-demo',
  });
  return world.send<{ code?: string }>('POST', '/marketplace/register', {
    body: { 'x-amzn-marketplace-token': token },
    address: randomAddress(),
  });
}

/** The key that the last call of AWS Marketplace was signed with. */
function signedBy(): string | undefined {
  const last = world.aws?.calls.lastIndexOf('ResolveCustomer') ?? -1;
  return /Credential=([^/]+)\//.exec(world.aws?.authorizations[last] ?? '')?.[1];
}

describe('a seller account that is another AWS account', () => {
  it('is called by its role, which is assumed again shortly before it expires', async () => {
    const before = sts.asked.length;

    expect((await register()).status).toBe(200);
    const first = signedBy();
    travel(50 * minute);
    await register();
    expect(signedBy()).toBe(first);
    travel(6 * minute);
    await register();

    expect(sts.asked.slice(before)).toEqual([role, role]);
    expect(first).toMatch(/^ROLE\d+$/);
    expect(signedBy()).not.toBe(first);
  });

  it('that refuses its role is an alarm and a line that names it, and buyers can try again', async () => {
    sts.refuse(true);

    let answer: unknown;
    const output = await outputOf(async () => {
      answer = await register();
    });

    expect(answer).toMatchObject({ status: 500, body: { code: 'marketplace_misconfigured' } });
    expect(logLines(output)).toContainEqual(
      expect.objectContaining({ message: 'seller_role_refused', role, level: 'ERROR' }),
    );
    expect(output).toContain('"MarketplaceMisconfigured":1');

    sts.refuse(false);
    expect((await register()).status).toBe(200);
  });
});
