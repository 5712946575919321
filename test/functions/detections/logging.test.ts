import { expect, it } from 'vitest';
import { useDetections } from '../../../harness/detections/detections.ts';
import { outputOf } from '../../../harness/output.ts';
import { useWorld } from '../../../harness/world.ts';

const world = useWorld();
const { fresh, ingest, list } = useDetections(world);

it('the logs of ingest and list have no key, label or address of a detection (check 80)', async () => {
  const { member, key } = await fresh();
  const label = 'CANARY-OF-THE-LABEL';
  const source_ip = '203.0.113.99';

  const output = await outputOf(async () => {
    expect((await ingest([{ source_ip, label, probability: 1 }], key)).status).toBe(202);
    expect((await list({ label }, member)).body.items).toHaveLength(1);
  });

  expect(output).toContain('"request"');
  for (const secret of [key, label, source_ip, member.access_token])
    expect(output).not.toContain(secret);
});
