import { expect, it } from 'vitest';
import { useDetections } from '../../../harness/detections/detections.ts';
import { expectListed, named, recorded } from '../../../harness/metrics.ts';
import { useWorld } from '../../../harness/world.ts';

const world = useWorld();
const { fresh, ingest } = useDetections(world);

it('the metrics of ingest are those of the list, and tell no id', async () => {
  const { member, key } = await fresh();

  const metrics = await recorded(() =>
    ingest([{ source_ip: '192.0.2.1', label: 'MALWARE', probability: 0.5 }], key),
  );

  expect(named(metrics, 'Latency')).toMatchObject([{ endpoint: 'detections/ingest' }]);
  expectListed(metrics, [member.tenantId, member.userId, member.sessionId, member.email, key]);
});
