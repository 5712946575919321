import { expect, it } from 'vitest';
import { useSystem } from '../../../harness/system.ts';

const system = useSystem({ LIMITS_MULTIPLIER: '100' });

const count = 5000;
const columns = ['id', 'ts', 'source_ip', 'label', 'probability', 'eni_id', 'vni'];

it('exports the whole history of a tenant in one answer, over the network and without', async () => {
  const { access_token: token } = await system.newOwner();
  const { body: apiKey } = await system.send<{ key: string }>('POST', '/api/v1/api-keys', {
    token,
    body: { name: 'sensor' },
  });
  const now = Date.now();
  // Twenty-five minutes apart: as far back as the plan goes, through two quarters or three.
  const reported = Array.from({ length: count }, (_, i) => ({
    id: `d${i}`,
    ts: new Date(now - i * 1_500_000).toISOString(),
    source_ip: `192.0.2.${i % 200}`,
    label: i % 3 ? 'MALWARE' : '-scan',
    probability: (i % 101) / 100,
  }));
  for (let from = 0; from < count; from += 100) {
    const { status } = await system.send('POST', '/api/v1/detections', {
      headers: { 'x-api-key': apiKey.key },
      body: { detections: reported.slice(from, from + 100) },
    });
    expect(status).toBe(202);
  }
  const csvOf = (detections: typeof reported) =>
    [
      columns.join(','),
      ...detections.map(({ id, ts, source_ip, label, probability }) =>
        [id, ts, source_ip, label.replace(/^-/, "'-"), probability, '', ''].join(','),
      ),
    ]
      .map((line) => `${line}\r\n`)
      .join('');

  for (const viewer of [{}, { viewer: '198.51.100.7' }]) {
    const whole = await system.send<string>('GET', '/api/v1/detections/export', {
      token,
      ...viewer,
    });
    expect(whole.status).toBe(200);
    expect(whole.body).toBe(csvOf(reported));
    expect(whole.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
  }
  const some = await system.send<string>(
    'GET',
    `/api/v1/detections/export?label=MALWARE&min_probability=0.9&from=${reported[4000]?.ts}`,
    { token },
  );
  expect(some.body).toBe(
    csvOf(
      reported
        .slice(0, 4001)
        .filter(({ label, probability }) => label === 'MALWARE' && probability >= 0.9),
    ),
  );
  const { status, headers } = await system.send('GET', '/api/v1/detections/export?limit=5', {
    token,
  });
  expect([status, headers.get('content-type')]).toEqual([422, 'application/problem+json']);
}, 120_000);
