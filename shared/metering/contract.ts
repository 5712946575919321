import * as z from 'zod/mini';
import { apiKeyPartition } from '../api-keys/keys.ts';
import type { BackgroundFunction } from '../contract/background.ts';
import { versionConflict } from '../contract/core-errors.ts';
import { defineEndpoint, type TableAccess } from '../contract/endpoint.ts';
import { limitPartition } from '../limits/keys.ts';
import { marketplaceRegion, sellerRoleArn } from '../marketplace/settings.ts';
import { tenantPartition } from '../tenants/keys.ts';
import { idempotencyKeyReused, noMeteredLicense, unknownDimension } from './errors.ts';
import { failedUsage, meteredPartition, usagePartition } from './keys.ts';
import { usagePerTenant } from './limits.ts';
import { finalUsage } from './queue.ts';
import { usageWrite } from './scopes.ts';

const Quantity = z.int().check(z.minimum(0), z.maximum(2_147_483_647));
const tagText = (most: number) =>
  z
    .string()
    .check(
      z.regex(
        new RegExp(`^[a-zA-Z0-9+ \\-=._:\\\\/@]{1,${most}}$`),
        `must be 1 to ${most} of A-Z a-z 0-9 + - = . _ : \\ / @ and space`,
      ),
    );
const Tags = z
  .record(tagText(100), tagText(256))
  .check(z.refine((tags) => Object.keys(tags).length <= 5, 'has more than 5 tags'));

export const reportUsage = defineEndpoint({
  id: 'metering/report-usage',
  method: 'POST',
  paths: ['/api/v1/usage'],
  tag: 'usage',
  summary: 'Report usage of what is sold by use',
  description:
    'Counts `quantity` for a metered dimension of the product, and reports the sum of each hour to AWS Marketplace. Once however often the same report comes: send each with an `idempotency_key` of its own, and after a failure the same report again; it is known for 48 hours. `timestamp` defaults to now and may be as old as AWS Marketplace takes usage: 24 hours, and for the month before until 06:00 UTC on the first. What comes late for an hour that was reported already is counted in the current one. `allocations` split the quantity by up to 5 tags each, as the vendor wants to see it in reports, and make the quantity together. Of several licenses the oldest active one that meters the dimension is charged, or the one that `license_arn` names. The key needs the scope `usage:write`, which no key has unless it is asked for.',
  access: { kind: 'apiKey', scope: usageWrite, anyStatus: true },
  body: z
    .strictObject({
      dimension: z.string().check(z.minLength(1), z.maxLength(60)),
      quantity: Quantity,
      timestamp: z.optional(
        z.pipe(
          z.iso.datetime({ offset: true, error: 'is not an RFC 3339 time' }),
          z.transform((value) => new Date(value).toISOString()),
        ),
      ),
      idempotency_key: z
        .string()
        .check(z.regex(/^[\x21-\x7e]{1,128}$/, 'must be 1 to 128 visible ASCII characters')),
      allocations: z.optional(
        z
          .array(z.strictObject({ quantity: Quantity, tags: z.optional(Tags) }))
          .check(z.minLength(1), z.maxLength(50)),
      ),
      license_arn: z.optional(z.string().check(z.minLength(1), z.maxLength(1024))),
    })
    .register(z.globalRegistry, {
      example: { dimension: 'api_calls', quantity: 3, idempotency_key: 'batch-2026-11-21-0001' },
    }),
  maxBodyBytes: 128 * 1024,
  responses: {
    202: {
      description: 'Counted, now or when the same report came before',
      schema: z
        .strictObject({ accepted: z.literal(true), duplicate: z.boolean() })
        .register(z.globalRegistry, { id: 'UsageReported' }),
    },
  },
  errors: [unknownDimension, noMeteredLicense, idempotencyKeyReused, versionConflict],
  limits: [usagePerTenant],
  table: [
    [apiKeyPartition, ['GetItem']],
    [tenantPartition, ['GetItem', 'Query']],
    [usagePartition, ['GetItem', 'PutItem', 'UpdateItem']],
    [limitPartition, ['UpdateItem']],
  ],
});

const metering: TableAccess = [
  [meteredPartition, ['GetItem', 'Query', 'UpdateItem']],
  [usagePartition, ['Query', 'UpdateItem']],
];

export const meterUsage: BackgroundFunction = {
  id: 'metering/meter-usage',
  summary: 'Reports the usage of every hour to AWS Marketplace',
  schedule: 'rate(1 hour)',
  table: metering,
  actions: ['aws-marketplace:BatchMeterUsage'],
  settings: [marketplaceRegion],
  assumes: [sellerRoleArn],
  timeoutSeconds: 900,
};

export const meterFinalUsage: BackgroundFunction = {
  id: 'metering/meter-final-usage',
  summary: 'Reports the last usage of licenses that are over',
  queue: finalUsage,
  batchSize: 1,
  maxConcurrency: 5,
  queues: [finalUsage],
  table: metering,
  actions: ['aws-marketplace:BatchMeterUsage'],
  settings: [marketplaceRegion],
  assumes: [sellerRoleArn],
  timeoutSeconds: 60,
};

export const reconcileUsage: BackgroundFunction = {
  id: 'metering/reconcile-usage',
  summary: 'Compares what was counted with what AWS Marketplace has accepted',
  schedule: 'rate(1 day)',
  table: [
    [meteredPartition, ['Query']],
    [usagePartition, ['Query']],
    [failedUsage, ['Query']],
  ],
  timeoutSeconds: 900,
};
