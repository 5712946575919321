import * as z from 'zod/mini';
import { SubscriptionPlan, TenantStatus } from '../contract/schemas.ts';

export const TenantItem = z.object({
  id: z.string(),
  name: z.nullable(z.string()),
  status: TenantStatus,
  plan: z.nullable(SubscriptionPlan),
  created_at: z.string(),
  updated_at: z.string(),
  version: z.number(),
});
export type TenantItem = z.infer<typeof TenantItem>;
