import { describe, expect, it } from 'vitest';
import { useSystem } from '../../../harness/system.ts';

const system = useSystem();

const detection = { source_ip: '203.0.113.9', label: 'MALWARE', probability: 0.97 };

interface Page {
  items: { id: string }[];
  next_cursor: string | null;
}

async function apiKeyOf(token: string): Promise<string> {
  const { body } = await system.send<{ key: string }>('POST', '/api/v1/api-keys', {
    token,
    body: { name: 'sensor' },
  });
  return body.key;
}

describe('the main job', () => {
  it('takes a buyer from the AWS Marketplace token to exactly their own detections', async () => {
    const [mine, theirs] = await Promise.all([system.newOwner(), system.newOwner()]);
    const [myKey, theirKey] = await Promise.all([
      apiKeyOf(mine.access_token),
      apiKeyOf(theirs.access_token),
    ]);

    const ingested = await system.send('POST', '/api/v1/detections', {
      headers: { 'x-api-key': myKey },
      body: { detections: [{ id: 'mine', ...detection }] },
    });
    await system.send('POST', '/api/v1/detections', {
      headers: { 'x-api-key': theirKey },
      body: { detections: [{ id: 'theirs', ...detection }] },
    });
    const page = await system.send<Page>('GET', '/detections', { token: mine.access_token });

    expect(ingested).toMatchObject({ status: 202, body: { accepted: 1, duplicates: 0 } });
    expect(page.body.items.map(({ id }) => id)).toEqual(['mine']);
    expect(page.body.next_cursor).toBeNull();
  });

  it('has detections to look at on one machine, since this is the local stage', async () => {
    const owner = await system.newOwner();

    const seeded = await system.send('POST', '/dev/seed-detections', { token: owner.access_token });

    expect(seeded.body).toEqual({ inserted: 15 });
  });
});

describe('unknown paths at the roots of detections', () => {
  it.each([
    ['GET', '/enis/a/b'],
    ['POST', '/detections/nothing-here'],
  ])('%s %s is 404 problem+json (check 73)', async (method, path) => {
    const { status, headers, body } = await system.send(method, path);

    expect(status).toBe(404);
    expect(headers.get('content-type')).toBe('application/problem+json');
    expect(body).toMatchObject({ status: 404, code: 'not_found' });
  });
});
