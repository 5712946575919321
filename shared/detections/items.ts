import * as z from 'zod/mini';

export const DetectionItem = z.object({
  id: z.string(),
  ts: z.string(),
  source_ip: z.string(),
  label: z.string(),
  probability: z.number(),
  eni_id: z.optional(z.string()),
  /** Seconds since the epoch when its retention ends. */
  ttl: z.number(),
});
export type DetectionItem = z.infer<typeof DetectionItem>;

export const EniItem = z.object({ eni_id: z.string() });

export const EniLookupItem = z.object({ tenant_id: z.string() });

export const EniReporterItem = z.object({ tenant_id: z.string(), ttl: z.number() });

export const EniRegisterItem = z.object({ vni: z.number(), count: z.number() });

export const DetectionCountItem = z.object({
  day: z.string(),
  value: z.string(),
  count: z.number(),
  ttl: z.number(),
});
export type DetectionCountItem = z.infer<typeof DetectionCountItem>;
