import type * as z from 'zod';
import { exportDetections } from './contract/detections-export.ts';
import { type Detection, list } from './detections.ts';
import { toLine } from './detections-csv.ts';
import type { Plan } from './detections-retention.ts';

type ExportQuery = z.output<typeof exportDetections.query>;

const columns = [
  'id',
  'ts',
  'source_ip',
  'label',
  'probability',
  'eni_id',
  'vni',
] as const satisfies (keyof Detection)[];

/** One page of detections as CSV, and where the next one is. Throws `invalid_cursor`. */
export async function exportPage(
  tenantId: string,
  query: ExportQuery,
  plan: () => Promise<Plan>,
): Promise<{ csv: string; hasHeader: boolean; next: string | undefined }> {
  const { items, next_cursor } = await list(tenantId, query, plan);
  const hasHeader = query.cursor === undefined;
  const rows = items.map((item) => columns.map((column) => item[column]));
  return {
    csv: [...(hasHeader ? [columns] : []), ...rows].map(toLine).join(''),
    hasHeader,
    next: next_cursor === null ? undefined : addressOf({ ...query, cursor: next_cursor }),
  };
}

function addressOf(query: ExportQuery): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const parameters = new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
  return `${exportDetections.paths[0]}?${parameters}`;
}
