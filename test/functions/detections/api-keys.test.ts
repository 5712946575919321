import { beforeAll, describe, expect, it } from 'vitest';
import { type Member, randomAddress, useWorld } from '../../../harness/world.ts';

const world = useWorld();
let owner: Member;
beforeAll(async () => {
  owner = await world.signUp();
});

const create = () =>
  world.send<{ key: string; scopes: string[] }>('POST', '/api/v1/api-keys', {
    token: owner.access_token,
    body: { name: 'sensor' },
  });
const report = (sent: object) =>
  world.send('POST', '/api/v1/detections', { address: randomAddress(), ...sent });
const detections = [{ source_ip: '192.0.2.1', label: 'X', probability: 1 }];

describe('a key for sensors', () => {
  it('may report detections unless told otherwise', async () => {
    const { body } = await create();

    expect(body.scopes).toEqual(['detections:write']);
    expect((await report({ apiKey: body.key, body: { detections } })).status).toBe(202);
  });

  it('is looked at before the body, and not taken from it', async () => {
    const { body } = await create();

    for (const sent of [
      { raw: '{', apiKey: 'x' },
      { body: { detections, api_key: body.key } },
      { body: { detections }, token: owner.access_token },
    ])
      expect(await report(sent)).toMatchObject({ status: 401, body: { code: 'invalid_api_key' } });
  });

  it('names its tenant: a body that names another is refused', async () => {
    const { body } = await create();

    const answer = await report({ apiKey: body.key, body: { detections, tenant_id: 'tnt_1' } });

    expect(answer.status).toBe(422);
  });
});
