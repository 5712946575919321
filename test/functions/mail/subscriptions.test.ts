import { randomUUID } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { pretendBcrypt } from '../../../harness/bcrypt.ts';
import { day, hour, travel, travelTo } from '../../../harness/clock.ts';
import { allItems } from '../../../harness/items.ts';
import { usePost } from '../../../harness/mail/mail.ts';
import {
  Agreement,
  deliverEvents,
  type Registration,
} from '../../../harness/marketplace/agreements.ts';
import { operated } from '../../../harness/operator/operations.ts';
import { randomAddress, type TokenBody, useWorld } from '../../../harness/world.ts';

const world = useWorld();
const post = usePost(world);
beforeAll(() => pretendBcrypt('not needed here'));
beforeEach(() => {
  world.queuedMail.splice(0);
});

async function complete({ registration_ticket }: Registration): Promise<string> {
  const email = `${randomUUID()}@example.com`;
  const { status } = await world.send<TokenBody>('POST', '/marketplace/complete-profile', {
    body: { registration_ticket, email, password: 'correct horse battery' },
    headers: { 'Accept-Language': 'es' },
    address: randomAddress(),
  });
  expect(status).toBe(200);
  return email;
}

const subjects = (email: string) => post.of(email).map(({ subject }) => subject);
const welcomed = 'Le damos la bienvenida a Tenantry';

describe('a buyer', () => {
  it('whose license is active at the registration is welcomed, and told nothing else', async () => {
    const agreement = new Agreement(world);
    await deliverEvents(agreement.created(), agreement.licenseUpdated());
    const email = await complete(await agreement.register());
    await deliverEvents(agreement.licenseUpdated('2026-11-20T11:00:00Z'));

    await post.deliver();

    expect(subjects(email)).toEqual([welcomed]);
    expect(post.of(email)[0]?.text).toContain('está lista');
    expect(post.of(email)[0]?.text).toContain('su empresa');
  });

  it('who waits for AWS is told so, and once more when the license is active', async () => {
    const agreement = new Agreement(world);
    await deliverEvents(agreement.created());
    const email = await complete(await agreement.register());
    await post.deliver();
    expect(subjects(email)).toEqual([welcomed]);
    expect(post.of(email)[0]?.text).toContain('todavía está activando');

    await deliverEvents(agreement.licenseUpdated(), agreement.licenseUpdated());
    await deliverEvents(agreement.licenseUpdated());
    await post.deliver();

    expect(subjects(email)).toEqual([welcomed, 'Su suscripción a Tenantry está activa']);
  });

  it('whose last license ends is told once', async () => {
    const agreement = new Agreement(world);
    await deliverEvents(agreement.created(), agreement.licenseUpdated());
    const email = await complete(await agreement.register());
    await post.deliver();

    await deliverEvents(agreement.ended('CANCELLED'), agreement.licenseDeprovisioned());
    await deliverEvents(agreement.ended('CANCELLED'));
    await post.deliver();

    expect(subjects(email)).toEqual([welcomed, 'Su suscripción a Tenantry ha terminado']);
  });

  it('whose purchase is cancelled before the profile is completed hears of that alone', async () => {
    const agreement = new Agreement(world);
    await deliverEvents(agreement.licenseUpdated());
    const registration = await agreement.register();
    await deliverEvents(agreement.ended('CANCELLED'));
    const email = await complete(registration);

    await post.deliver();

    expect(subjects(email)).toEqual(['Su suscripción a Tenantry ha terminado']);
  });

  it('is told by the operator that holds the tenant', async () => {
    const agreement = new Agreement(world);
    await deliverEvents(agreement.created(), agreement.licenseUpdated());
    const registration = await agreement.register();
    const email = await complete(registration);
    const input = { tenant_id: registration.tenant_id, reason: 'a test' };

    await operated('tenants suspend', input);
    await operated('tenants restore', input);
    await post.deliver();

    expect(subjects(email).toSorted()).toEqual(
      [
        welcomed,
        'Su cuenta de Tenantry está suspendida',
        'Su suscripción a Tenantry está activa',
      ].toSorted(),
    );
  });
});

describe('a free trial', () => {
  const now = Date.parse('2026-11-20T12:00:00Z');
  const endTime = '2026-12-04T12:00:00Z';
  const end = Date.parse(endTime);

  /** A buyer on trial, who registered before or after AWS told of it. */
  async function onTrial(isTold: 'before' | 'after') {
    travelTo(now);
    const agreement = new Agreement(world, { endTime });
    const events = [agreement.created(), agreement.licenseUpdated()];
    if (isTold === 'before') await deliverEvents(...events);
    const registration = await agreement.register({ offerType: 'free-trial' });
    const email = await complete(registration);
    if (isTold === 'after') await deliverEvents(...events, ...events);
    await post.deliver();
    return { agreement, email, before: post.of(email).length };
  }
  async function at(ms: number): Promise<void> {
    travelTo(ms);
    await post.sweep();
    await post.deliver();
  }

  it.each(['before', 'after'] as const)(
    'ends in three days, which its owner hears once (events %s the registration)',
    async (isTold) => {
      const { email, before } = await onTrial(isTold);

      await at(end - 3 * day - hour);
      expect(post.of(email)).toHaveLength(before);
      await at(end - 3 * day + hour);
      await at(end - 2 * day);

      expect(post.of(email)).toHaveLength(before + 1);
      expect(post.of(email).at(-1)).toMatchObject({
        subject: 'Su prueba gratuita de Tenantry termina el 4 de diciembre de 2026',
      });
    },
  );

  it('that has ended, or whose end has moved, is not told of', async () => {
    const { agreement, email } = await onTrial('before');
    await deliverEvents(agreement.ended('CANCELLED'));
    await post.deliver();
    const before = post.of(email).length;

    await at(end - 3 * day + hour);

    expect(post.of(email)).toHaveLength(before);
    const dropped = (await allItems()).filter(
      ({ kind, status }) => kind === 'trial-ending' && status === 'dropped',
    );
    expect(dropped).toHaveLength(1);
  });
});

describe('the operator', () => {
  it('hears once a day of purchases without a registration, after a day', async () => {
    const alert = async () => {
      const { handler } = await import('../../../functions/marketplace/alert-parked.ts');
      const { underGrantsOf } = await import('../../../harness/grants.ts');
      const { workers } = await import('../../../shared/contract/registry.ts');
      const id = 'marketplace/alert-parked';
      const needs = workers.find((worker) => worker.id === id) ?? {};
      const context = { awsRequestId: 'test', getRemainingTimeInMillis: () => 30_000 } as never;
      await underGrantsOf(id, needs, () => handler({}, context));
      await post.deliver();
      return post.of('operator@tenantry.example');
    };
    const start = Date.parse('2027-03-01T10:00:00Z');
    travelTo(start);
    await deliverEvents(new Agreement(world).created('2027-03-01T09:59:00Z'));
    const before = (await alert()).length;

    travel(25 * hour);
    await alert();
    travel(hour);
    expect(await alert()).toHaveLength(before + 1);
    travel(day);
    const all = await alert();

    expect(all).toHaveLength(before + 2);
    expect(all.at(-1)?.subject).toMatch(/^Tenantry: purchases without a registration: \d+$/);
  });
});
