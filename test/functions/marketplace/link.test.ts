import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { pretendBcrypt } from '../../../harness/bcrypt.ts';
import { allItems } from '../../../harness/items.ts';
import { Agreement, deliverEvents } from '../../../harness/marketplace/agreements.ts';
import { randomAddress, type TokenBody, useWorld } from '../../../harness/world.ts';

const world = useWorld();
beforeAll(() => pretendBcrypt('not needed here'));

interface Linked {
  id: string;
  plan: string;
  status: string;
  licenses: { license_arn: string; status: string }[];
  code?: string;
}

const link = (token: string, registration_ticket: string) =>
  world.send<Linked>('POST', '/marketplace/link', { token, body: { registration_ticket } });

const itemsOf = async (tenantId: string) =>
  (await allItems()).filter(({ pk }) => pk === `TENANT#${tenantId}`);

describe('a second purchase', () => {
  it('is linked to the tenant of whoever signs in, and the tenant made for it goes', async () => {
    const owner = await world.signUp();
    const agreement = new Agreement(world);
    await deliverEvents(agreement.created(), agreement.licenseUpdated());
    const { tenant_id, registration_ticket } = await agreement.register();

    const answer = await link(owner.access_token, registration_ticket);

    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      id: owner.tenantId,
      plan: 'PRO',
      licenses: [{ license_arn: agreement.licenseArn, status: 'ACTIVE' }],
    });
    expect(await itemsOf(tenant_id)).toEqual([]);
    expect((await agreement.register()).tenant_id).toBe(owner.tenantId);
  });

  it('linked again changes nothing, and nobody else can link it', async () => {
    const [owner, other] = [await world.signUp(), await world.signUp()];
    const { registration_ticket } = await new Agreement(world).register();
    const first = await link(owner.access_token, registration_ticket);

    const again = await link(owner.access_token, registration_ticket);
    const foreign = await link(other.access_token, registration_ticket);

    expect(again.body.licenses).toEqual(first.body.licenses);
    expect(foreign).toMatchObject({ status: 409, body: { code: 'license_linked' } });
    expect((await itemsOf(other.tenantId)).filter(({ license_id }) => license_id)).toEqual([]);
  });

  it('of a tenant with an owner stays where it is', async () => {
    const owner = await world.signUp();
    const agreement = new Agreement(world);
    const { tenant_id, registration_ticket } = await agreement.register();
    await world.send<TokenBody>('POST', '/marketplace/complete-profile', {
      body: {
        registration_ticket,
        email: `${randomUUID()}@example.com`,
        password: 'correct horse battery',
      },
      address: randomAddress(),
    });

    const answer = await link(owner.access_token, registration_ticket);

    expect(answer).toMatchObject({ status: 409, body: { code: 'license_linked' } });
    expect((await itemsOf(tenant_id)).length).toBeGreaterThan(0);
  });

  it('goes to one of ten tenants that link it at once', async () => {
    const owners = await Promise.all(Array.from({ length: 10 }, () => world.signUp()));
    const { registration_ticket } = await new Agreement(world).register();

    const answers = await Promise.all(
      owners.map(({ access_token }) => link(access_token, registration_ticket)),
    );

    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...new Array(9).fill(409)]);
  });

  it('keeps what is told of it while it is linked', async () => {
    for (let run = 0; run < 10; run += 1) {
      const owner = await world.signUp();
      const agreement = new Agreement(world);
      const { registration_ticket } = await agreement.register();

      await Promise.all([
        deliverEvents(agreement.licenseUpdated()),
        link(owner.access_token, registration_ticket),
        deliverEvents(agreement.created()),
      ]);

      const license = (await itemsOf(owner.tenantId)).find(({ license_id }) => license_id);
      expect(license).toMatchObject({ status: 'ACTIVE', applied_events: 2 });
    }
  });

  it('brings a suspended tenant back, with everything kept; one that ends leaves a sign-up FREE', async () => {
    const owner = await world.signUp();
    const first = new Agreement(world);
    await deliverEvents(first.licenseUpdated());
    await link(owner.access_token, (await first.register()).registration_ticket);

    await deliverEvents(first.ended('CANCELLED'));

    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 31_000 });
    const mine = await world.send('GET', '/api/v1/tenants/me', { token: owner.access_token });
    expect(mine.body).toMatchObject({ status: 'ACTIVE', plan: 'FREE' });
  });

  it('needs a ticket that we have signed', async () => {
    const owner = await world.signUp();

    for (const ticket of ['x', owner.access_token, 'a.b.c'])
      expect(await link(owner.access_token, ticket)).toMatchObject({
        status: 401,
        body: { code: 'invalid_ticket' },
      });
  });
});
