import * as z from 'zod';
import { SubscriptionPlan, TenantStatus } from '../contract/schemas.ts';

export const TenantItem = z.object({
  id: z.string(),
  name: z.string().nullable(),
  status: TenantStatus,
  plan: SubscriptionPlan.nullable(),
  created_at: z.string(),
  updated_at: z.string(),
  version: z.number(),
});
export type TenantItem = z.infer<typeof TenantItem>;
