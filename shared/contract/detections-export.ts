import * as z from 'zod';
import { listDetections } from './detections.ts';
import { bearer, defineEndpoint, roles } from './endpoint.ts';
import { queryNumber } from './schemas.ts';

export const exportDetections = defineEndpoint({
  id: 'detections/export',
  method: 'GET',
  paths: ['/api/v1/detections/export'],
  tag: 'detections',
  summary: "The tenant's detections as CSV, newest first",
  description:
    'RFC 4180 in pages of at most 1000 rows, with the filters of the list: follow the `Link` header with `rel="next"` until there is none, and append what comes. The first page has the header row. A cell that a spreadsheet would take for a formula begins with an apostrophe.',
  access: bearer(roles),
  query: listDetections.query.extend({ limit: queryNumber(1, 1000, 'integer').default(1000) }),
  responses: { 200: { description: 'A page', type: 'text/csv', schema: z.string() } },
  errors: listDetections.errors ?? [],
  table: listDetections.table ?? {},
  secrets: listDetections.secrets ?? [],
});
