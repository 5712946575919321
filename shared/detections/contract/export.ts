import * as z from 'zod/mini';
import { bearer, defineEndpoint, maxStreamSeconds, roles } from '../../contract/endpoint.ts';
import { limitPartition } from '../../limits/keys.ts';
import { exportPerTenant } from '../limits.ts';
import { listDetections } from './detections.ts';

export const exportDetections = defineEndpoint({
  id: 'detections/export',
  method: 'GET',
  paths: ['/api/v1/detections/export'],
  tag: 'detections',
  summary: "All of the tenant's detections as CSV, newest first",
  description:
    'One answer with every detection that the filters of the list let pass, as far back as the plan keeps them. RFC 4180 with a header row. A cell that a spreadsheet would take for a formula begins with an apostrophe. The file is complete when the transfer ends without an error and the last row with a line break; one that was cut short has to be asked for again. An answer holds 200 MB at most, about two million detections: ask for more in parts, with `from` and `to`.',
  access: bearer(roles),
  query: z.omit(listDetections.query, { limit: true, cursor: true }),
  responses: { 200: { description: 'The file', type: 'text/csv', schema: z.string() } },
  limits: [exportPerTenant],
  table: [...(listDetections.table ?? []), [limitPartition, ['UpdateItem']]],
  streams: true,
  timeoutSeconds: maxStreamSeconds,
});
