import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { pretendBcrypt } from '../../harness/bcrypt.ts';
import { setRole } from '../../harness/items.ts';
import { type Member, newEni, useWorld } from '../../harness/world.ts';
import { type Endpoint, gatewayPaths, roles } from '../../shared/contract/endpoint.ts';
import { endpoints } from '../../shared/contract/registry.ts';

const world = useWorld();
const bearerEndpoints = endpoints.filter(({ access }) => access.kind === 'bearer');

/** A body that the schema of the endpoint takes, for endpoints that want one. */
const bodies: Record<string, object> = {
  'tenants/update-mine': { name: 'New name' },
  'api-keys/create': { name: 'sensor' },
  'webhooks/create': { url: 'https://93.184.215.14/hook', events: ['tenant.updated'] },
  'webhooks/update': { enabled: false },
  'channels/update-credentials': {
    ozon: { client_id: '1', api_key: 'a key that nobody tries'.replaceAll(' ', '-') },
    save_unverified: true,
  },
  get 'detections/claim-enis'() {
    return { eni_ids: [newEni()] };
  },
};

beforeAll(() => {
  pretendBcrypt('not needed here');
  // Nothing listens there: keys are saved untried.
  process.env.OZON_URL = 'http://127.0.0.1:1';
});
afterAll(() => {
  vi.restoreAllMocks();
});

/** A member whose role is changed before any container has seen them. */
async function memberWith(role: string): Promise<Member> {
  const member = await world.signUp();
  await setRole(member, role);
  return member;
}

/** An id of the kind that a path wants, of something that does not exist. */
function idOf({ id }: Endpoint, name: string): string {
  const kind = name === 'task_id' ? 'syn' : id.startsWith('products/') ? 'prd' : 'key';
  return `${kind}_${'0'.repeat(26)}`;
}

async function call(endpoint: Endpoint, token: string | undefined) {
  const path = (gatewayPaths(endpoint)[0] ?? '')
    .replace('{eni_id}', newEni())
    .replace(/\{(\w+)\}/g, (_, name) => idOf(endpoint, name));
  const body = bodies[endpoint.id];
  return world.send<{ code?: string }>(endpoint.method, path, {
    token,
    ...(endpoint.body && { body }),
  });
}

describe('the matrix of roles and endpoints (check 57)', () => {
  it('has every endpoint that a token opens', () => {
    expect(bearerEndpoints.length).toBeGreaterThanOrEqual(7);
    for (const { id, body } of bearerEndpoints) if (body) expect(bodies[id]).toBeDefined();
  });

  for (const endpoint of bearerEndpoints) {
    const { access } = endpoint;
    if (access.kind !== 'bearer') continue;
    for (const role of roles) {
      const isAllowed = access.roles.includes(role);
      it(`${isAllowed ? 'lets' : 'does not let'} ${role} ${endpoint.method} ${endpoint.paths[0]}`, async () => {
        const member = await memberWith(role);

        const answer = await call(endpoint, member.access_token);

        // 409: without seller credentials there is nothing to sync.
        const allowed = endpoint.id === 'products/sync' ? [409] : [200, 201, 204, 404];
        if (isAllowed) expect(allowed).toContain(answer.status);
        else expect(answer).toMatchObject({ status: 403, body: { code: 'forbidden' } });
      });
    }

    it(`lets nobody without a token ${endpoint.method} ${endpoint.paths[0]}`, async () => {
      expect((await call(endpoint, undefined)).status).toBe(401);
      expect((await call(endpoint, 'x.y.z')).status).toBe(401);
    });

    it(`lets an unknown role not ${endpoint.method} ${endpoint.paths[0]}`, async () => {
      const member = await memberWith('root');

      const answer = await call(endpoint, member.access_token);

      expect(answer.status).toBeGreaterThanOrEqual(400);
    });
  }

  it('goes by the role as it is now, not as the token says', async () => {
    const member = await memberWith('viewer');
    const update = bearerEndpoints.find(({ id }) => id === 'tenants/update-mine');
    if (!update) throw new Error('There is no such endpoint');

    expect((await call(update, member.access_token)).status).toBe(403);
    const raised = await memberWith('owner');
    await setRole(raised, 'viewer');
    const { body } = await world.refresh(raised.refresh_token);
    expect((await call(update, body.access_token)).status).toBe(403);
  });

  it('has a default: no endpoint takes a token without saying from whom', () => {
    for (const { id, access } of endpoints) {
      if (access.kind === 'bearer') expect(access.roles.length, id).toBeGreaterThan(0);
      else expect(['public', 'ticket', 'apiKey'], id).toContain(access.kind);
    }
  });

  it('lets a viewer only read, and sign out', () => {
    const changing = bearerEndpoints.filter(
      ({ access, method, localOnly }) =>
        access.kind === 'bearer' &&
        access.roles.includes('viewer') &&
        method !== 'GET' &&
        !localOnly,
    );

    expect(changing.map(({ id }) => id)).toEqual(['auth/logout']);
  });
});
