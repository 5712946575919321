import { deleteSegments, deleteSegmentsFrom } from '../catalogue/segments.ts';
import { deleteManifest, readManifest } from '../catalogue/versions.ts';
import type { SyncPosition } from './position.ts';
import { firstPacked, stagedRefs } from './staging.ts';

/** Deletes what the published catalogue replaces. A reader that still uses it begins again. */
export async function deleteObsolete(tenantId: string, position: SyncPosition): Promise<void> {
  const published = await readManifest(tenantId, position.run_id);
  if (published?.previous !== undefined) await deleteManifest(tenantId, published.previous);
  await deleteSegments(tenantId, published?.obsolete ?? []);
  await deleteLeftBehind(tenantId, position);
}

/** Deletes what a run has staged and will not publish. */
export async function discardStaged(tenantId: string, position: SyncPosition): Promise<void> {
  await deleteSegments(tenantId, stagedRefs(position));
  await deleteLeftBehind(tenantId, position);
}

/** Segments that a worker has written before it died, and that no list knows of. */
async function deleteLeftBehind(
  tenantId: string,
  { run_id, progress }: SyncPosition,
): Promise<void> {
  const left = { run: run_id, number: progress.staged.length, below: firstPacked };
  await deleteSegmentsFrom(tenantId, left);
}
