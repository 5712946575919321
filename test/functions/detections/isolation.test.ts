import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { pretendBcrypt } from '../../../harness/bcrypt.ts';
import { hour, travel } from '../../../harness/clock.ts';
import { allItems, lastingItems } from '../../../harness/items.ts';
import {
  type Answered,
  type Member,
  newEni,
  randomAddress,
  useWorld,
} from '../../../harness/world.ts';

const world = useWorld();
let a: Tenant;
let b: Tenant;

interface Tenant extends Member {
  apiKey: string;
  keyId: string;
}
interface Page {
  items: { id: string; label: string }[];
  next_cursor: string | null;
}

async function newTenant(label: string): Promise<Tenant> {
  const member = await world.signUp();
  const { body } = await world.send<{ id: string; key: string }>('POST', '/api/v1/api-keys', {
    token: member.access_token,
    body: { name: `sensor of ${label}` },
  });
  const tenant = { ...member, apiKey: body.key, keyId: body.id };
  await world.send('PATCH', '/api/v1/tenants/me', {
    token: member.access_token,
    body: { name: `Tenant ${label}` },
  });
  await world.send('POST', '/api/v1/detections', {
    apiKey: body.key,
    body: {
      detections: Array.from({ length: 12 }, (_, index) => ({
        id: `d${index}`,
        source_ip: '192.0.2.1',
        label,
        probability: 0.5,
      })),
    },
  });
  return tenant;
}

beforeAll(async () => {
  pretendBcrypt('correct horse battery');
  a = await newTenant('A');
  b = await newTenant('B');
});
afterAll(() => {
  vi.restoreAllMocks();
});

const list = (tenant: Member, query: Record<string, string> = {}) =>
  world.send<Page>('GET', '/api/v1/detections', { token: tenant.access_token, query });

const withoutRequestId = ({ status, headers, body }: Answered) => {
  const { 'x-request-id': _, ...rest } = headers;
  return { status, headers: rest, body: { ...(body as object), request_id: '' } };
};

describe('isolation of detections', () => {
  it('detections/list shows each their own, to the end', async () => {
    for (const [tenant, label] of [
      [a, 'A'],
      [b, 'B'],
    ] as const) {
      const { body } = await list(tenant, { limit: '200' });
      expect(body.items).toHaveLength(12);
      expect(new Set(body.items.map((item) => item.label))).toEqual(new Set([label]));
    }
    expect((await list(a, { label: 'B' })).body.items).toEqual([]);
  });

  it('detections/ingest and detections/seed write into the own alone', async () => {
    const before = await itemsOf(b);
    await world.send('POST', '/api/v1/detections', {
      apiKey: a.apiKey,
      body: { detections: [{ id: 'd0', source_ip: '192.0.2.1', label: 'A', probability: 1 }] },
      address: randomAddress(),
    });
    await world.send('POST', '/dev/seed-detections', { token: a.access_token });

    expect(await itemsOf(b)).toEqual(before);
  });

  it('detections/export has the own alone', async () => {
    for (const [tenant, label] of [
      [a, 'A'],
      [b, 'B'],
    ] as const) {
      const { body } = await world.send<string>('GET', '/api/v1/detections/export', {
        token: tenant.access_token,
        query: { label: label === 'A' ? 'B' : 'A' },
      });
      expect(body.trim().split('\r\n')).toHaveLength(1);
    }
  });

  it('detections/statistics counts the own alone', async () => {
    for (const [tenant, label] of [
      [a, 'A'],
      [b, 'B'],
    ] as const) {
      const { body } = await world.send<{ labels: { label: string }[] }>(
        'GET',
        '/api/v1/detections/stats',
        { token: tenant.access_token },
      );
      expect(body.labels.map((one) => one.label)).toContain(label);
      expect(body.labels.map((one) => one.label)).not.toContain(label === 'A' ? 'B' : 'A');
    }
  });

  it('network interfaces: no tenant sees or takes what another has', async () => {
    const [ofA, ofB] = [newEni(), newEni()];
    const claim = (tenant: Member, eniIds: string[]) =>
      world.send('POST', '/api/v1/enis', { token: tenant.access_token, body: { eni_ids: eniIds } });
    const remove = (eniId: string) =>
      world.send('DELETE', `/api/v1/enis/${eniId}`, { token: a.access_token });
    await claim(a, [ofA]);
    await claim(b, [ofB]);
    const before = await lastingItems();

    const taken = await claim(a, [newEni(), ofB]);
    const foreign = await remove(ofB);

    expect(taken).toMatchObject({ status: 409, body: { code: 'eni_claimed' } });
    expect(foreign).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect(withoutRequestId(foreign)).toEqual(withoutRequestId(await remove(newEni())));
    expect(await lastingItems()).toEqual(before);
    for (const [tenant, own] of [
      [a, ofA],
      [b, ofB],
    ] as const) {
      const { body } = await world.send<{ eni_ids: string[] }>('GET', '/api/v1/enis', {
        token: tenant.access_token,
      });
      expect(body.eni_ids).toEqual([own]);
    }
  });

  it('keeps two tenants apart on one warm container, request by request (check 64)', async () => {
    const requests = Array.from({ length: 60 }, (_, index) => {
      const [tenant, label] = index % 2 ? ([a, 'A'] as const) : ([b, 'B'] as const);
      const token = tenant.access_token;
      return async () => {
        const [mine, page, keys] = await Promise.all([
          world.send<{ id: string }>('GET', '/api/v1/tenants/me', { token }),
          list(tenant, { label }),
          world.send<{ items: { name: string }[] }>('GET', '/api/v1/api-keys', { token }),
        ]);
        expect(mine.body.id).toBe(tenant.tenantId);
        expect(page.body.items.length).toBeGreaterThan(0);
        expect(page.body.items.every((item) => item.label === label)).toBe(true);
        expect(keys.body.items.map(({ name }) => name)).toEqual([`sensor of ${label}`]);
      };
    });
    for (const request of requests.slice(0, 20)) await request();
    await Promise.all(requests.slice(20).map((request) => request()));
  });
});

describe('a cursor (check 61)', () => {
  const cursorOf = async (tenant: Member, query: Record<string, string> = {}) => {
    const { body } = await list(tenant, { limit: '3', ...query });
    if (!body.next_cursor) throw new Error('There is no next page');
    return body.next_cursor;
  };
  const refused = async (tenant: Member, query: Record<string, string>) =>
    expect(await list(tenant, query)).toMatchObject({
      status: 400,
      body: { code: 'invalid_cursor' },
    });

  it('opens for its own tenant, at both addresses and with any limit', async () => {
    const cursor = await cursorOf(a);

    expect((await list(a, { cursor })).status).toBe(200);
    expect((await list(a, { cursor, limit: '200' })).status).toBe(200);
    const older = await world.send('GET', '/detections', {
      token: a.access_token,
      query: { cursor },
    });
    expect(older.status).toBe(200);
  });

  it('of another tenant is refused', async () => {
    await refused(a, { cursor: await cursorOf(b) });
  });

  it('with other filters is refused, also with none or more', async () => {
    await refused(a, { cursor: await cursorOf(a), label: 'A' });
    await refused(a, { cursor: await cursorOf(a, { label: 'A' }) });
    await refused(a, { cursor: await cursorOf(a, { label: 'A' }), label: 'B' });
    const both = { label: 'A', min_probability: '0.1' };
    await refused(a, { cursor: await cursorOf(a, { label: 'A' }), ...both });
    expect((await list(a, { cursor: await cursorOf(a, both), ...both })).status).toBe(200);
  });

  it('that was changed anywhere is refused', async () => {
    const cursor = await cursorOf(a);
    for (let index = 0; index < cursor.length; index += 7) {
      const other = cursor[index] === 'A' ? 'B' : 'A';
      await refused(a, { cursor: cursor.slice(0, index) + other + cursor.slice(index + 1) });
    }
    for (const text of [
      'x',
      '....',
      'a.b.c.d.e',
      `${cursor}A`,
      cursor.slice(0, -1),
      `${cursor}=`,
      ` ${cursor}`,
    ])
      await refused(a, { cursor: text });
  });

  it('is no JSON, no key and no token of another kind', async () => {
    const { tenantId, access_token: token, refresh_token } = a;
    const key = { pk: `TENANT#${tenantId}#DETECTION#d1`, sk: 'DETECTION' };
    const encoded = Buffer.from(JSON.stringify(key)).toString('base64url');
    for (const cursor of [JSON.stringify(key), encoded, token, refresh_token])
      await refused(a, { cursor });
  });

  it('of another list is refused', async () => {
    const { sealCursor } = await import('../../../shared/runtime/cursors.ts');
    const position = { ts: new Date().toISOString(), id: 'd1' };
    const scope = { tenantId: a.tenantId, filters: {} };

    await refused(a, { cursor: await sealCursor({ ...scope, list: 'users' }, position) });
    const own = await sealCursor({ ...scope, list: 'detections' }, position);
    expect((await list(a, { cursor: own })).status).toBe(200);
  });

  it('is good for a day', async () => {
    const cursor = await cursorOf(a);
    travel(23 * hour);
    const fresh = { ...a, ...(await world.login(a.email, a.password)).body };
    expect((await list(fresh, { cursor })).status).toBe(200);

    travel(1 * hour + 1000);

    const later = { ...a, ...(await world.login(a.email, a.password)).body };
    await refused(later, { cursor });
  });

  it('shows nothing of what it seals', async () => {
    const cursor = await cursorOf(a);

    const plain = cursor
      .split('.')
      .map((part) => Buffer.from(part, 'base64url').toString('latin1'));

    for (const secret of [a.tenantId, 'TENANT', 'DETECTION', 'd9', '192.0.2.1'])
      expect(plain.join(' ')).not.toContain(secret);
  });
});

async function itemsOf({ tenantId }: Member) {
  return (await allItems()).filter(({ pk }) => String(pk).startsWith(`TENANT#${tenantId}`));
}
