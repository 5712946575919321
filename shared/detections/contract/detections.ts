import * as z from 'zod/mini';
import { apiKeyPartition } from '../../api-keys/keys.ts';
import { invalidCursor } from '../../contract/core-errors.ts';
import { bearer, defineEndpoint, roles } from '../../contract/endpoint.ts';
import {
  pageOf,
  pageQuery,
  queryNumber,
  type SubscriptionPlan,
  Timestamp,
} from '../../contract/schemas.ts';
import { sealingKeySecret } from '../../contract/secrets.ts';
import { limitPartition } from '../../limits/keys.ts';
import { usagePartition } from '../../metering/keys.ts';
import { tenantPartition } from '../../tenants/keys.ts';
import { eniClaimed } from '../errors.ts';
import { detectionCreated } from '../events.ts';
import {
  detectionCountPartition,
  detectionPartition,
  detectionSeries,
  eniPartition,
} from '../keys.ts';
import { ingestPerAddress, ingestPerKey, ingestPerTenant } from '../limits.ts';
import { detectionsWrite } from '../scopes.ts';

/** For how many days from its time a detection is kept, by the plan of the tenant when it came. */
export const retentionDays: Readonly<Record<z.output<typeof SubscriptionPlan>, number>> = {
  FREE: 30,
  STARTER: 90,
  PRO: 180,
  ENTERPRISE: 365,
};

/** The tenant's number in the older service's network overlay. It names a tenant and opens nothing. */
export const Vni = z
  .int()
  .check(z.minimum(1000), z.maximum(999_999))
  .register(z.globalRegistry, { id: 'Vni', example: 104_729 });

const DetectionId = z
  .string()
  .check(z.regex(/^[A-Za-z0-9_.:-]{1,64}$/, 'must be 1 to 64 of A-Z a-z 0-9 _ . : -'));
/** One spelling for each address: IPv6 short and in lower case, and IPv4 as such wherever it hides. */
function spellAddress(address: string): string {
  if (!address.includes(':')) return address;
  const short = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(short) ?? [];
  if (!high || !low) return short;
  const pairs = [high, low].map((text) => Number.parseInt(text, 16));
  return pairs.flatMap((pair) => [pair >> 8, pair & 255]).join('.');
}
const SourceIp = z
  .union([z.ipv4(), z.ipv6()], 'is not an IP address')
  .check(z.overwrite(spellAddress));
const Label = z
  .string()
  .check(
    z.regex(/^[A-Za-z0-9_. :/-]{1,64}$/, 'must be 1 to 64 of A-Z a-z 0-9 _ . : / - and space'),
  );
export const EniId = z
  .string()
  .check(z.regex(/^eni-[0-9a-f]{8,17}$/, 'is not a network interface id'));
/** What is closer to 0 than DynamoDB can store is 0. */
const toStorable = (probability: number) => (probability < 1e-100 ? 0 : probability);
const Probability = z.number().check(z.minimum(0), z.maximum(1), z.overwrite(toStorable));
const Instant = z
  .pipe(
    z.iso.datetime({ offset: true, error: 'is not an RFC 3339 time' }),
    z.transform((value) => new Date(value).toISOString()),
  )
  .check(z.refine((value) => /^\d{4}-/.test(value), 'is not within the years 0000 to 9999'));

export const Detection = z
  .strictObject({
    id: DetectionId,
    ts: Timestamp,
    source_ip: z.string(),
    label: Label,
    probability: Probability,
    eni_id: z.optional(EniId),
    vni: z.optional(Vni),
  })
  .register(z.globalRegistry, { id: 'Detection' });

export const listDetections = defineEndpoint({
  id: 'detections/list',
  method: 'GET',
  paths: ['/api/v1/detections', '/detections'],
  tag: 'detections',
  summary: "The tenant's detections, newest first",
  description:
    'A page examines a bounded number of detections, so with filters it may hold fewer than `limit`, even none: follow `next_cursor` until it is null. The plan says how far back it goes: FREE 30 days, STARTER 90, PRO 180, ENTERPRISE 365. `vni` is there once the tenant has claimed a network interface.',
  access: bearer(roles),
  readsAhead: true,
  query: z.strictObject({
    from: z.optional(Instant),
    to: z.optional(Instant),
    label: z.optional(Label),
    min_probability: z.optional(z.pipe(queryNumber(0, 1), z.transform(toStorable))),
    source_ip: z.optional(SourceIp),
    eni_id: z.optional(EniId),
    ...pageQuery(200),
  }),
  responses: {
    200: {
      description: 'A page',
      schema: pageOf(Detection).register(z.globalRegistry, { id: 'DetectionPage' }),
    },
  },
  errors: [invalidCursor],
  table: [
    [tenantPartition, ['GetItem']],
    [detectionSeries, ['Query']],
  ],
  secrets: [sealingKeySecret],
});

/** `accepted`, `duplicates` and the length of `refused` are what was reported. */
export const Ingested = z
  .strictObject({
    accepted: z.int(),
    duplicates: z.int(),
    refused: z
      .optional(
        z
          .array(
            z.strictObject({
              index: z.int().check(z.nonnegative()),
              id: z.optional(DetectionId),
              code: z.literal(eniClaimed.code),
            }),
          )
          .check(z.minLength(1)),
      )
      .register(z.globalRegistry, {
        description: 'Detections that were not stored, by their place in the report.',
      }),
  })
  .register(z.globalRegistry, { id: 'Ingested' });

export const ingestDetections = defineEndpoint({
  id: 'detections/ingest',
  method: 'POST',
  paths: ['/api/v1/detections'],
  tag: 'detections',
  summary: 'Sensors report detections',
  description:
    'Idempotent by `id`: a detection whose id the tenant already has counts as a duplicate and changes nothing. `ts` defaults to now and may lie 5 minutes ahead and as far back as the plan keeps detections. A detection of a network interface that another tenant has claimed is refused: the others are stored, and `refused`, which is there only then, lists it. When nothing else is in the report, the answer is 422. One that no tenant has claimed is accepted.',
  access: { kind: 'apiKey', scope: detectionsWrite },
  body: z
    .strictObject({
      detections: z
        .array(
          z.strictObject({
            id: z.optional(DetectionId),
            ts: z.optional(Instant),
            source_ip: SourceIp,
            label: Label,
            probability: Probability,
            eni_id: z.optional(EniId),
          }),
        )
        .check(z.minLength(1), z.maxLength(100)),
    })
    .register(z.globalRegistry, {
      example: {
        detections: [
          { id: 'sensor-1-0001', source_ip: '203.0.113.9', label: 'MALWARE', probability: 0.97 },
        ],
      },
    }),
  maxBodyBytes: 256 * 1024,
  responses: {
    202: {
      description: 'Stored',
      schema: Ingested,
    },
  },
  limits: [ingestPerAddress, ingestPerKey, ingestPerTenant],
  table: [
    [apiKeyPartition, ['GetItem']],
    [tenantPartition, ['GetItem', 'Query']],
    [detectionPartition, ['PutItem']],
    [detectionCountPartition, ['UpdateItem']],
    [eniPartition, ['BatchGetItem', 'UpdateItem']],
    [usagePartition, ['UpdateItem']],
    [limitPartition, ['UpdateItem']],
  ],
  publishes: [detectionCreated],
});

export const seedDetections = defineEndpoint({
  id: 'detections/seed',
  method: 'POST',
  paths: ['/dev/seed-detections'],
  tag: 'dev',
  summary: 'Fifteen detections to look at',
  access: bearer(roles),
  responses: { 200: { description: 'Inserted', schema: z.strictObject({ inserted: z.int() }) } },
  localOnly: true,
  table: [
    [tenantPartition, ['Query']],
    [detectionPartition, ['PutItem']],
    [detectionCountPartition, ['UpdateItem']],
    [usagePartition, ['UpdateItem']],
  ],
  publishes: [detectionCreated],
});
