import type * as z from 'zod';
import type * as contract from '../../shared/detections/contract/detections.ts';
import type * as enis from '../../shared/detections/contract/enis.ts';
import type * as statistics from '../../shared/detections/contract/statistics.ts';
import type { BodyOf, QueryOf } from '../app/api.ts';
import { type Call, download, send } from '../app/http.ts';
import { ApiError } from '../app/problem.ts';
import type { Session } from '../app/session.ts';

export const calls = {
  listDetections: { id: 'detections/list', method: 'GET', path: '/api/v1/detections' },
  getStatistics: { id: 'detections/statistics', method: 'GET', path: '/api/v1/detections/stats' },
  exportDetections: { id: 'detections/export', method: 'GET', path: '/api/v1/detections/export' },
  listEnis: { id: 'detections/list-enis', method: 'GET', path: '/api/v1/enis' },
  claimEnis: { id: 'detections/claim-enis', method: 'POST', path: '/api/v1/enis' },
  deleteEni: { id: 'detections/delete-eni', method: 'DELETE', path: '/api/v1/enis/{eni_id}' },
} as const satisfies Record<string, Call>;

/** What the sensors call; the page only shows how. */
export const ingestPath = '/api/v1/detections';

export type Detection = z.output<typeof contract.Detection>;
export type Statistics = z.output<typeof statistics.DetectionStatistics>;
export type DetectionQuery = QueryOf<typeof contract.listDetections>;
export interface DetectionPage {
  items: Detection[];
  next_cursor: string | null;
}

/** What a list and an export of detections may be narrowed by. */
export type DetectionFilters = Omit<DetectionQuery, 'limit' | 'cursor'>;
export interface Enis {
  eni_ids: string[];
  vni: number | null;
}

/** Filtered pages may come empty with a cursor: so many of them are followed at a time. */
const emptyPagesInARow = 5;

/**
 * The next page that has something on it, or the last one, or the last of a few empty ones: then
 * its cursor says where to go on.
 */
export async function listDetections(
  session: Session,
  query: DetectionQuery,
  signal: AbortSignal,
): Promise<DetectionPage> {
  let cursor = query.cursor;
  for (let followed = 1; ; followed += 1) {
    const page = await session.run((token) =>
      send<DetectionPage>(calls.listDetections, { query: { ...query, cursor }, signal }, token),
    );
    if (page.items.length > 0 || page.next_cursor === null || followed === emptyPagesInARow) {
      return page;
    }
    cursor = page.next_cursor;
  }
}

/** All detections that match, as CSV. Throws an ApiError also when the file was cut short. */
export async function exportDetections(
  session: Session,
  query: DetectionFilters,
  signal: AbortSignal,
): Promise<Blob> {
  const file = await session.run((token) =>
    download(calls.exportDetections, { query, signal }, { token, type: 'text/csv' }),
  );
  // Only a complete file ends with a line break.
  if ((await file.slice(-1).text()) === '\n') return file;
  throw new ApiError('unexpected_answer', 0, 'The export broke off. Try again.');
}

/** Counts per day, label and source from a day on. */
export function getStatistics(
  session: Session,
  query: QueryOf<typeof statistics.detectionStatistics>,
  signal: AbortSignal,
): Promise<Statistics> {
  return session.run((token) => send<Statistics>(calls.getStatistics, { query, signal }, token));
}

/** The endpoints of network interfaces, for a signed-in user. */
export function enisApi(session: Session) {
  return {
    list: (signal: AbortSignal) =>
      session.run((token) => send<Enis>(calls.listEnis, { signal }, token)),
    claim: (body: BodyOf<typeof enis.claimEnis>) =>
      session.run((token) =>
        send<{ inserted: number; skipped: number }>(calls.claimEnis, { body }, token),
      ),
    release: (eniId: string) =>
      session.run((token) =>
        send<{ deleted: string }>(calls.deleteEni, { path: { eni_id: eniId } }, token),
      ),
  };
}
