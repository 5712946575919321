import { listDetections } from '../../shared/detections/contract/detections.ts';
import { exportDetections } from '../../shared/detections/contract/export.ts';
import type { detectionStatistics } from '../../shared/detections/contract/statistics.ts';
import type { Api } from '../app/api.ts';
import type { AnswerOf, QueryOf } from '../app/http.ts';
import { ApiError } from '../app/problem.ts';

export type Statistics = AnswerOf<typeof detectionStatistics>;
export type DetectionQuery = QueryOf<typeof listDetections>;
export type DetectionPage = AnswerOf<typeof listDetections>;
export type Detection = DetectionPage['items'][number];

/** What a list and an export of detections may be narrowed by. */
export type DetectionFilters = Omit<DetectionQuery, 'limit' | 'cursor'>;

/** Filtered pages may come empty with a cursor: this number of them is followed at a time. */
const emptyPagesInARow = 5;

/**
 * The next page that has something on it, or the last one, or the last of a few empty ones: then
 * its cursor says where to go on.
 */
export async function readDetections(
  api: Api,
  query: DetectionQuery,
  signal: AbortSignal,
): Promise<DetectionPage> {
  let cursor = query.cursor;
  for (let followed = 1; ; followed += 1) {
    const page = await api.call(listDetections, { query: { ...query, cursor }, signal });
    if (page.items.length > 0 || page.next_cursor === null || followed === emptyPagesInARow) {
      return page;
    }
    cursor = page.next_cursor;
  }
}

/** All detections that match, as CSV. Throws an ApiError also when the file was cut short. */
export async function downloadDetections(
  api: Api,
  query: DetectionFilters,
  signal: AbortSignal,
): Promise<Blob> {
  const file = await api.download(exportDetections, { query, signal });
  // Only a complete file ends with a line break.
  if ((await file.slice(-1).text()) === '\n') return file;
  throw new ApiError('unexpected_answer', 0, 'The export broke off. Try again.');
}
