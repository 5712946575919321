import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { asSystem } from '../../../harness/audit/actor.ts';
import { makeEntries, sampleKind } from '../../../harness/audit/audit.ts';
import { pretendBcrypt } from '../../../harness/bcrypt.ts';
import { day, minute, travel, travelTo } from '../../../harness/clock.ts';
import { allItems } from '../../../harness/items.ts';
import { logLines, outputOf } from '../../../harness/output.ts';
import { loadSamples, sampleOf } from '../../../harness/samples.ts';
import { sendTo, stageOf } from '../../../harness/stage.ts';
import { newTenant, password, type Tenant } from '../../../harness/tenant.ts';
import { useWorld } from '../../../harness/world.ts';
import { listAuditEvents } from '../../../shared/audit/contract.ts';
import type { Endpoint } from '../../../shared/contract/endpoint.ts';
import { auditKinds, endpoints, workers } from '../../../shared/contract/registry.ts';

const world = useWorld();
const stage = stageOf(world);
const samples = await loadSamples();
beforeAll(() => {
  pretendBcrypt(password);
});
afterAll(() => {
  vi.restoreAllMocks();
});

interface Entry {
  id: string;
  ts: string;
  type: string;
  actor: { kind: string; id: string };
  subject: string | null;
  address_hash: string | null;
  trace_id: string | null;
  data: Record<string, unknown>;
}
interface Page {
  items: Entry[];
  next_cursor: string | null;
}
const isEntry = ({ pk }: Record<string, unknown>) => /^TENANT#\w+#AUDIT#/.test(String(pk));
const entries = async () => (await allItems()).filter(isEntry) as unknown as Entry[];
const list = async (tenant: Tenant, query: Record<string, string> = {}) =>
  (await sendTo<Page>(world, listAuditEvents, { token: tenant.token, query })).body;

describe.each(endpoints.map((endpoint): [string, Endpoint] => [endpoint.id, endpoint]))(
  'a request to %s',
  (_, endpoint) => {
    const kinds = (endpoint.audits ?? []).map(({ type }) => type);

    it(
      kinds.length > 0 ? `leaves one of ${kinds.join(', ')}` : 'leaves no audit entry',
      async () => {
        const tenant = await newTenant(stage);
        const request = await sampleOf(samples, endpoint).request(tenant);
        const credentials = await tenant.credentialsFor(endpoint);
        const before = new Set((await entries()).map(({ id }) => id));
        const answer = await sendTo(world, endpoint, { ...request, ...credentials });
        const made = (await entries()).filter(({ id }) => !before.has(id));

        expect(answer.status).toBe(sampleOf(samples, endpoint).status);
        // A refresh tells of what goes wrong alone.
        const isSilent = kinds.length === 0 || endpoint.id === 'auth/refresh';
        expect(made.map(({ type }) => kinds.includes(type))).toEqual(isSilent ? [] : [true]);
        const secrets = [tenant.email, tenant.password, tenant.token, tenant.refreshToken];
        const texts = JSON.stringify(made);
        for (const secret of [...secrets, credentials.apiKey, 'example.com', 'Example Ltd'])
          if (secret) expect(texts).not.toContain(secret);
      },
    );
  },
);

describe('kinds of audit entries', () => {
  it('are each left by a function that says so', () => {
    const said = [...endpoints, ...workers].flatMap(({ audits = [] }) => audits);

    expect(auditKinds.size).toBeGreaterThan(10);
    for (const kind of said) expect(auditKinds.get(kind.type)).toBe(kind);
    expect(new Set(said.map(({ type }) => type))).toEqual(new Set(auditKinds.keys()));
    for (const { type, description } of auditKinds.values()) {
      expect(type).toMatch(/^[a-z_]+\.[a-z_]+$/);
      expect(description).toMatch(/\.$/);
    }
  });
});

describe('an audit entry', () => {
  it('says who did what to what, when, in which trace and from where without saying where', async () => {
    const owner = await world.signUp();
    const rename = (address: string) =>
      world.send('PATCH', '/api/v1/tenants/me', {
        token: owner.access_token,
        body: { name: 'Another Ltd' },
        address,
      });
    vi.stubEnv('_X_AMZN_TRACE_ID', 'Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1');
    await rename('203.0.113.5');
    vi.unstubAllEnvs();
    await rename('203.0.113.5');
    await rename('203.0.113.6');
    const answer = await world.send<Page>('GET', '/api/v1/audit-events', {
      token: owner.access_token,
    });

    const [other, same, first, signUp] = answer.body.items;
    expect(first).toMatchObject({
      type: 'tenant.renamed',
      actor: { kind: 'user', id: owner.userId },
      subject: owner.tenantId,
      trace_id: '1-5759e988-bd862e3fe1be46a994272793',
      data: { version: 2 },
    });
    expect(same?.address_hash).toBe(first?.address_hash);
    expect(other?.address_hash).not.toBe(first?.address_hash);
    expect(other?.address_hash).toMatch(/^[\w-]{22}$/);
    expect(signUp).toMatchObject({ type: 'tenant.signed_up', trace_id: null });
    expect(JSON.stringify(answer.body)).not.toContain('203.0.113');
  });

  it('has another hash of the same address in another tenant', async () => {
    const [a, b] = [await newTenant(stage), await newTenant(stage)];
    const renamed = async ({ token, ...tenant }: Tenant) => {
      await world.send('PATCH', '/api/v1/tenants/me', {
        token,
        body: { name: 'Another Ltd' },
        address: '203.0.113.9',
      });
      return (await list({ token, ...tenant }, { type: 'tenant.renamed' })).items[0]?.address_hash;
    };

    expect(await renamed(a)).not.toBe(await renamed(b));
  });

  it('is there together with what it tells of, or not at all, and so is its line in the log', async () => {
    const tenant = await newTenant(stage);
    const output = await outputOf(async () => {
      const send = (version: number) =>
        world.send('PATCH', '/api/v1/tenants/me', {
          token: tenant.token,
          body: { name: 'Another Ltd', version },
        });
      expect((await send(1)).status).toBe(200);
      expect((await send(1)).status).toBe(409);
    });

    const found = (await list(tenant, { type: 'tenant.renamed' })).items;
    expect(found).toHaveLength(1);
    expect(logLines(output).filter(({ event }) => event === 'tenant.renamed')).toMatchObject([
      { audit_id: found[0]?.id, tenant_id: tenant.tenantId, user_id: tenant.userId },
    ]);
  });

  it('tells of refused sign-ins of an account, and of those of none nothing but a line', async () => {
    const tenant = await newTenant(stage);
    const login = (email: string) => world.login(email, 'wrong horse battery');
    const before = (await entries()).length;
    const output = await outputOf(async () => {
      expect((await login(tenant.email)).status).toBe(401);
      expect((await login('nobody-at-all@example.com')).status).toBe(401);
    });

    expect((await entries()).length - before).toBe(1);
    expect((await list(tenant)).items[0]).toMatchObject({
      type: 'user.sign_in_refused',
      actor: { kind: 'system', id: 'auth/login' },
      subject: tenant.userId,
      data: { reason: 'wrong_password' },
    });
    const lines = logLines(output).filter(({ event }) => event === 'user.sign_in_refused');
    expect(lines.map(({ reason }) => reason)).toEqual(['wrong_password', 'unknown_email']);
    const nobodys = (await allItems()).filter(({ pk }) => /^AUDIT-NOBODY#/.test(String(pk)));
    expect(nobodys.length).toBeGreaterThan(0);
    for (const item of nobodys) expect(Number(item.ttl)).toBeLessThan(Date.now() / 1000 + 3700);
  });

  it('needs somebody who did it, and holds little', async () => {
    const { auditEntry } = await import('../../../shared/audit/entry.ts');
    const { tenantId } = await newTenant(stage);

    await expect(auditEntry(tenantId, sampleKind)).rejects.toThrow('needs an actor');
    await expect(
      asSystem(() => auditEntry(tenantId, sampleKind, { data: { text: 'x'.repeat(2048) } })),
    ).rejects.toThrow('larger than');
  });
});

describe('the list of audit events', () => {
  it('goes through all of them, newest first, page by page', async () => {
    const tenant = await newTenant(stage);
    await makeEntries(tenant.tenantId, 24);
    const found: Entry[] = [];
    let cursor: string | null = null;
    do {
      const page: Page = await list(tenant, { limit: '10', ...(cursor && { cursor }) });
      found.push(...page.items);
      cursor = page.next_cursor;
    } while (cursor);

    expect(found).toHaveLength(25);
    const ids = found.map(({ id }) => id);
    expect(ids).toEqual(ids.toSorted().reverse());
    expect(new Set(ids).size).toBe(25);
  });

  it('keeps to a time, a type and who did it, across months', async () => {
    const start = Date.parse('2027-01-31T23:00:00.000Z');
    travelTo(start);
    const tenant = await newTenant(stage);
    const times: string[] = [];
    for (let month = 0; month < 3; month += 1) {
      travelTo(start + month * 31 * day);
      await makeEntries(tenant.tenantId, 1);
      times.push(new Date().toISOString());
    }
    const token = await tenant.signIn();
    const ask = async (query: Record<string, string>) =>
      (await list({ ...tenant, token }, query)).items;

    expect((await ask({ type: sampleKind.type })).map(({ ts }) => ts)).toEqual(times.toReversed());
    expect(await ask({ type: 'tenant.signed_up' })).toHaveLength(1);
    expect(await ask({ type: 'no.such' })).toEqual([]);
    expect(await ask({ actor: tenant.userId })).toHaveLength(2);
    expect((await ask({ actor: 'test' })).map(({ type }) => type)).toEqual(
      new Array(3).fill(sampleKind.type),
    );
    const [first = '', second = ''] = times;
    expect(await ask({ from: second, to: second })).toMatchObject([{ ts: second }]);
    expect(await ask({ from: second, to: first })).toEqual([]);
    expect((await ask({ to: first, type: sampleKind.type })).map(({ ts }) => ts)).toEqual([first]);
  });

  it('examines at most 1000 entries for a page, and goes on from there', async () => {
    const tenant = await newTenant(stage);
    travel(minute);
    await makeEntries(tenant.tenantId, 1001);
    const first = await list(tenant, { type: 'tenant.signed_up' });
    expect(first.items).toEqual([]);
    const cursor = String(first.next_cursor);
    const second = await list(tenant, { type: 'tenant.signed_up', cursor });

    expect(second).toMatchObject({ items: [{ type: 'tenant.signed_up' }], next_cursor: null });
  });

  it('ends where the retention does', async () => {
    const tenant = await newTenant(stage);
    travel(401 * day);
    const token = await tenant.signIn();

    expect((await list({ ...tenant, token })).items.map(({ type }) => type)).toEqual([
      'user.signed_in',
    ]);
  });
});
