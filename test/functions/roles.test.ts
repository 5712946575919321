import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { pretendBcrypt } from '../../harness/bcrypt.ts';
import { lastingItems, setRole } from '../../harness/items.ts';
import { loadSamples, sampleOf } from '../../harness/samples.ts';
import { sendTo, stageOf } from '../../harness/stage.ts';
import { newTenant, password } from '../../harness/tenant.ts';
import { useWorld } from '../../harness/world.ts';
import { type Endpoint, roles } from '../../shared/contract/endpoint.ts';
import { endpoints } from '../../shared/contract/registry.ts';
import { updateMyTenant } from '../../shared/tenants/contract.ts';

const world = useWorld();
const stage = stageOf(world);
const samples = await loadSamples();
const bearerEndpoints = endpoints.filter(({ access }) => access.kind === 'bearer');

beforeAll(() => {
  pretendBcrypt(password);
});
afterAll(() => {
  vi.restoreAllMocks();
});

/** A tenant, and the sample of an endpoint for it. */
async function arranged(endpoint: Endpoint) {
  const tenant = await newTenant(stage);
  return { tenant, request: await sampleOf(samples, endpoint).request(tenant) };
}

describe.each(
  bearerEndpoints.map((endpoint) => [`${endpoint.method} ${endpoint.paths[0]}`, endpoint] as const),
)('the matrix of roles and endpoints: %s (check 57)', (_, endpoint) => {
  const { access } = endpoint;
  const allowed: readonly string[] = access.kind === 'bearer' ? access.roles : [];

  it.each(roles.filter((role) => allowed.includes(role)))('lets %s', async (role) => {
    const { tenant, request } = await arranged(endpoint);
    const token = await tenant.signIn();
    await setRole(tenant, role);

    const answer = await sendTo(world, endpoint, { ...request, token });

    expect(answer).toMatchObject({ status: sampleOf(samples, endpoint).status });
  });

  const refused = [...roles.filter((role) => !allowed.includes(role)), 'root', ''];

  it(`refuses ${refused.map((role) => `"${role}"`).join(', ')} and callers without a token, and changes nothing`, async () => {
    const { tenant, request } = await arranged(endpoint);
    // Each role acts in a session that no container knows yet.
    const sessions: [string, string][] = [];
    for (const role of refused) sessions.push([role, await tenant.signIn()]);
    const before = await lastingItems();

    for (const [role, token] of sessions) {
      await setRole(tenant, role);
      expect(await sendTo(world, endpoint, { ...request, token }), role).toMatchObject({
        status: 403,
        body: { code: 'forbidden' },
      });
    }
    await setRole(tenant, 'owner');
    for (const token of [undefined, 'x.y.z'])
      expect((await sendTo(world, endpoint, { ...request, token })).status).toBe(401);
    expect(await lastingItems()).toEqual(before);
  });
});

const apiKeyEndpoints = endpoints.filter(({ access }) => access.kind === 'apiKey');

describe.runIf(apiKeyEndpoints.length > 0)('endpoints for API keys', () => {
  it.each(apiKeyEndpoints.map((endpoint) => [endpoint.id, endpoint] as const))(
    '%s needs a key, also of the owner',
    async (_, endpoint) => {
      const { tenant, request } = await arranged(endpoint);
      const before = await lastingItems();

      for (const apiKey of [undefined, 'tnk_x', tenant.token])
        expect(await sendTo(world, endpoint, { ...request, apiKey })).toMatchObject({
          status: 401,
          body: { code: 'invalid_api_key' },
        });
      expect(await lastingItems()).toEqual(before);
    },
  );
});

describe('the role of a member (check 57)', () => {
  it('goes by the role as it is now, not as the token says', async () => {
    const { tenant, request } = await arranged(updateMyTenant);
    const rename = async (token: string) =>
      (await sendTo(world, updateMyTenant, { ...request, token })).status;
    await setRole(tenant, 'viewer');
    expect(await rename(tenant.token)).toBe(403);

    const raised = await newTenant(stage);
    await setRole(raised, 'viewer');
    const { body } = await world.refresh(raised.refreshToken);
    expect(await rename(body.access_token)).toBe(403);
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
