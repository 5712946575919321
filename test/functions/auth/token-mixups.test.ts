import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { minute, second, travel } from '../../../harness/clock.ts';
import { listAs, samples, take, useSampleScope } from '../../../harness/sample.ts';
import { type Answered, type Member, randomAddress, useWorld } from '../../../harness/world.ts';

const world = useWorld();
useSampleScope();
let owner: Member;
let stranger: Member;
let ticket: string;
let apiKey: string;

beforeAll(async () => {
  owner = await world.signUp();
  stranger = await world.signUp();
  const stub = await world.send<{ registration_ticket: string }>('POST', '/dev/stub-register');
  ticket = stub.body.registration_ticket;
  const key = await world.send<{ key: string }>('POST', '/api/v1/api-keys', {
    token: owner.access_token,
    body: { name: 'sensor' },
  });
  apiKey = key.body.key;
});

const asBearer = (token: string) => world.send('GET', '/api/v1/tenants/me', { token });
const asTicket = (registration_ticket: string, more = {}) =>
  world.send('POST', '/marketplace/complete-profile', {
    body: {
      registration_ticket,
      email: `${randomUUID()}@example.com`,
      password: 'correct horse',
      ...more,
    },
    address: randomAddress(),
  });
const asApiKey = (apiKey: string) => take(world, { apiKey, body: samples });

describe('one kind of token in the place of another (check 15)', () => {
  const kinds = {
    'access token': () => owner.access_token,
    'refresh token': () => owner.refresh_token,
    'registration ticket': () => ticket,
    'API key': () => apiKey,
  };
  const places: Record<
    string,
    { own: keyof typeof kinds; use: (token: string) => Promise<Answered>; code: string }
  > = {
    bearer: { own: 'access token', use: asBearer, code: 'unauthorized' },
    'refresh token': {
      own: 'refresh token',
      use: (token) => world.refresh(token),
      code: 'invalid_refresh_token',
    },
    'registration ticket': {
      own: 'registration ticket',
      use: asTicket,
      code: 'invalid_ticket',
    },
    'API key': { own: 'API key', use: asApiKey, code: 'invalid_api_key' },
  };

  for (const [place, { own, use, code }] of Object.entries(places)) {
    for (const [kind, token] of Object.entries(kinds).filter(([name]) => name !== own)) {
      it(`is refused: the ${kind} as ${place}`, async () => {
        const answer = await use(token());

        // An access token is longer than any refresh token may be.
        const isTooLong = place === 'refresh token' && kind === 'access token';
        expect(answer).toMatchObject(
          isTooLong
            ? { status: 422, body: { code: 'validation_failed' } }
            : { status: 401, body: { code } },
        );
      });
    }
  }

  it('takes each in its own place', async () => {
    expect((await asBearer(owner.access_token)).status).toBe(200);
    expect((await asApiKey(apiKey)).status).toBe(202);
    expect((await world.refresh(owner.refresh_token)).status).toBe(200);
    expect((await asTicket(ticket)).status).toBe(200);
  });

  it('does not take an access token in the query, nor a refresh token (check 37)', async () => {
    const query = { access_token: owner.access_token, refresh_token: owner.refresh_token };

    expect((await world.send('GET', '/api/v1/tenants/me', { query })).status).toBe(401);
    const refreshed = await world.send('POST', '/api/v1/auth/refresh', { query });
    expect(refreshed.status).toBe(415);
    const alsoEmpty = await world.send('POST', '/api/v1/auth/refresh', { query, body: {} });
    expect(alsoEmpty).toMatchObject({ status: 422, body: { code: 'validation_failed' } });
  });
});

describe('a ticket', () => {
  it('is refused once its half hour is over', async () => {
    const stub = await world.send<{ registration_ticket: string }>('POST', '/dev/stub-register');
    travel(30 * minute + 6 * second);

    const answer = await asTicket(stub.body.registration_ticket);

    expect(answer).toMatchObject({ status: 401, body: { code: 'invalid_ticket' } });
  });

  it.each(['', 'x', 'a.b.c', '../../etc/passwd', '{}', '0'.repeat(4096)])(
    'is not %j',
    async (text) => {
      const { status, body } = await asTicket(text);
      expect([status, (body as { code: string }).code]).toEqual(
        text === '' ? [422, 'validation_failed'] : [401, 'invalid_ticket'],
      );
    },
  );
});

describe('a token of tenant A that names tenant B beside it (check 16)', () => {
  const idOf = ({ body }: Answered) => (body as { id?: string }).id;

  it('acts on A, whatever the query and the headers say', async () => {
    const sent = {
      token: owner.access_token,
      query: { tenant_id: stranger.tenantId, tenantId: stranger.tenantId },
      headers: { 'X-Tenant-Id': stranger.tenantId, 'X-Amz-Tenant-Id': stranger.tenantId },
    };

    expect(idOf(await world.send('GET', '/api/v1/tenants/me', sent))).toBe(owner.tenantId);
  });

  it('is refused with B in the body or in a query that is looked at', async () => {
    const tenant_id = stranger.tenantId;
    const token = owner.access_token;

    const renamed = await world.send('PATCH', '/api/v1/tenants/me', {
      token,
      body: { name: 'Taken over', tenant_id },
    });
    const created = await world.send('POST', '/api/v1/api-keys', {
      token,
      body: { name: 'sensor', tenant_id },
    });
    const listed = await listAs(world, { token, query: { tenant_id } });

    expect([renamed.status, created.status, listed.status]).toEqual([422, 422, 422]);
    const own = await world.send('GET', '/api/v1/tenants/me', { token: stranger.access_token });
    expect(own.body).toMatchObject({ name: 'Example Ltd', version: 1 });
  });

  it('is refused when it is a ticket, and B stays as it was', async () => {
    const stub = await world.send<{ registration_ticket: string }>('POST', '/dev/stub-register');

    const answer = await asTicket(stub.body.registration_ticket, { tenant_id: stranger.tenantId });

    expect(answer).toMatchObject({ status: 401, body: { code: 'invalid_ticket' } });
  });

  it('is refused when it is an API key with B in the body', async () => {
    const answer = await take(world, {
      apiKey,
      body: { tenant_id: stranger.tenantId, ...samples },
    });

    expect(answer.status).toBe(422);
  });
});
