import * as z from 'zod/mini';
import { bearer, defineEndpoint, roles } from '../../contract/endpoint.ts';
import { detectionCountPartition } from '../keys.ts';

const Day = z.iso.date('is not a day, as in 2026-11-20');
const count = z.int().check(z.minimum(0));

export const DetectionStatistics = z
  .strictObject({
    from: Day,
    to: Day,
    total: count,
    days: z.array(z.strictObject({ day: Day, count })),
    labels: z.array(z.strictObject({ label: z.string(), count })),
    sources: z.array(z.strictObject({ source_ip: z.string(), count })),
    complete: z.boolean(),
  })
  .register(z.globalRegistry, { id: 'DetectionStatistics' });

export const detectionStatistics = defineEndpoint({
  id: 'detections/statistics',
  method: 'GET',
  paths: ['/api/v1/detections/stats'],
  tag: 'detections',
  summary: "Counts of the tenant's detections per day, label and source",
  description:
    'Days are UTC, `from` and `to` included; without them the last 30 days. The plan says how far back it goes, by whole days, and the answer has the range that it is about. `labels` are the 100 most frequent, `sources` the 20. `complete` is false when a month has more sources or labels than are read for an answer.',
  access: bearer(roles),
  query: z.strictObject({ from: z.optional(Day), to: z.optional(Day) }),
  responses: {
    200: {
      description: 'The counts',
      schema: DetectionStatistics,
    },
  },
  table: [[detectionCountPartition, ['Query']]],
});
