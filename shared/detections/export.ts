import type * as z from 'zod/mini';
import type { exportDetections } from './contract/export.ts';
import { lineBreak, toLine } from './csv.ts';
import { type Detection, readAll } from './list.ts';
import type { Plan } from './retention.ts';

type Filters = z.output<typeof exportDetections.query>;

const columns = [
  'id',
  'ts',
  'source_ip',
  'label',
  'probability',
  'eni_id',
  'vni',
] as const satisfies (keyof Detection)[];

/**
 * All detections that the filters let pass as one CSV file, piece by piece. A line break is held back
 * until it is known what follows, so that only the whole file ends with one.
 */
export async function* exportCsv(
  tenantId: string,
  filters: Filters,
  plan: Plan,
): AsyncGenerator<string> {
  let held = toLine(columns);
  for await (const detections of readAll(tenantId, filters, plan)) {
    for (const detection of detections) held += toLine(columns.map((column) => detection[column]));
    if (held === lineBreak) continue;
    yield held.slice(0, -lineBreak.length);
    held = lineBreak;
  }
  yield held;
}
