import { describe, expect, it } from 'vitest';
import { useWorld } from '../../../harness/world.ts';

const world = useWorld();

const register = (body: object) =>
  world.send<{ access_token: string }>('POST', '/api/v1/auth/register', {
    body: {
      email: `${Math.random().toString(36).slice(2)}@example.com`,
      password: 'correct horse battery',
      company_name: 'Example Ltd',
      ...body,
    },
  });

describe('where a tenant sells', () => {
  it.each([
    [{ marketplace_type: 'ozon' }, 'ozon'],
    [{}, null],
  ])('is what %j says at sign-up', async (said, shown) => {
    const { status, body } = await register(said);
    const tenant = await world.send('GET', '/api/v1/tenants/me', { token: body.access_token });

    expect(status).toBe(201);
    expect(tenant.body).toMatchObject({ marketplace_type: shown });
  });

  it('stays when the tenant is renamed', async () => {
    const { body } = await register({ marketplace_type: 'ozon' });
    const renamed = await world.send('PATCH', '/api/v1/tenants/me', {
      token: body.access_token,
      body: { name: 'New name' },
    });

    expect(renamed.body).toMatchObject({ name: 'New name', marketplace_type: 'ozon' });
  });

  it('is a marketplace that there is', async () => {
    const refused = await register({ marketplace_type: 'amazon' });

    expect(refused).toMatchObject({
      status: 422,
      body: { errors: [{ in: 'body', pointer: '/marketplace_type' }] },
    });
  });
});
