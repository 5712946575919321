import { readSegment } from '../catalogue/segments.ts';
import { rowKey } from '../product.ts';
import type { SyncJob } from './job.ts';

/** Marks products that no page had as missing, one segment of the base at a time. */
export async function markMissing(job: SyncJob): Promise<void> {
  const { base, known, tenantId } = job;
  const { progress } = job.position;
  const ref = base.segments[progress.marked];
  const rows = ref ? await readSegment(tenantId, ref) : [];
  for (const row of rows) {
    const product = known.get(rowKey(row));
    if (product?.segment === progress.marked && job.isUnseen(product)) job.markMissing(row);
  }
  progress.marked += 1;
  if (progress.marked >= base.segments.length) progress.step = 'apply';
  await job.checkpoint();
}
