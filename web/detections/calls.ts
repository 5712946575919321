import type * as z from 'zod';
import type * as contract from '../../shared/contract/detections.ts';
import type { QueryOf } from '../api.ts';
import { type Call, send } from '../http.ts';
import type { Session } from '../session.ts';

export const calls = {
  listDetections: { id: 'detections/list', method: 'GET', path: '/api/v1/detections' },
} as const satisfies Record<string, Call>;

/** What the sensors call; the page only shows how. */
export const ingestPath = '/api/v1/detections';

export type Detection = z.output<typeof contract.Detection>;
export type DetectionQuery = QueryOf<typeof contract.listDetections>;
export interface DetectionPage {
  items: Detection[];
  next_cursor: string | null;
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
