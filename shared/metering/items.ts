import * as z from 'zod/mini';

const Count = z._default(z.int().check(z.nonnegative()), 0);

/** What became of the usage of an hour. All but the first two are listed as failed. */
export const RecordStatus = z.enum([
  'Success',
  /** Nothing was used in an hour that AWS Marketplace takes no usage of any more. */
  'SKIPPED',
  'DuplicateRecord',
  'CustomerNotSubscribed',
  'REFUSED',
  'EXPIRED',
]);
export type RecordStatus = z.infer<typeof RecordStatus>;

/** The usage of a license's dimension in an hour. Sealed, no counter of the hour changes any more. */
export const HourItem = z.object({
  pk: z.string(),
  sk: z.string(),
  /** Counted here; parts of the hour have their own, and tagged parts are in this too. */
  quantity: Count,
  has_allocations: z.optional(z.boolean()),
  sealed_at: z.optional(z.string()),
  /** All that was used, once that was reported or given up. */
  total: z.optional(z.number()),
  status: z.optional(RecordStatus),
  reason: z.optional(z.string()),
});
export type HourItem = z.infer<typeof HourItem>;

export const HourPartItem = z.object({
  sk: z.string(),
  quantity: Count,
  tags: z.optional(z.record(z.string(), z.string())),
});

export const MonthItem = z.object({ quantity: Count, accepted: Count });
export type MonthItem = z.infer<typeof MonthItem>;

/** A report that was taken. */
export const ReportItem = z.object({ body_hash: z.string(), ttl: z.number() });

/** A license whose usage is metered, as the runs need it. */
export const MeteredItem = z.object({
  tenant_id: z.string(),
  license_id: z.string(),
  license_arn: z.optional(z.string()),
  customer_identifier: z.optional(z.string()),
  account_id: z.string(),
  product_code: z.string(),
  started_at: z.string(),
  /** The first of its end and its deprovisioning. */
  over_at: z.optional(z.string()),
  /** Until when AWS Marketplace takes usage of a license that is over. */
  until: z.optional(z.string()),
  /** Every hour up to this is accounted for. */
  settled_through: z.string(),
  closed_at: z.optional(z.string()),
});
export type MeteredItem = z.infer<typeof MeteredItem>;

/** Which run is at work until when, and where the next one begins. */
export const RunItem = z.object({
  until_ms: z._default(z.number(), 0),
  shard: z._default(z.number(), 0),
  /** The last license of the shard that was gone through. */
  after: z.optional(z.string()),
});
export type RunItem = z.infer<typeof RunItem>;
