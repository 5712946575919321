import * as z from 'zod';
import { ChannelName } from '../channels/names.ts';
import { SubscriptionPlan, TenantStatus } from '../contract/schemas.ts';

export const TenantItem = z.object({
  id: z.string(),
  name: z.string().nullable(),
  status: TenantStatus,
  plan: SubscriptionPlan.nullable(),
  marketplace_type: ChannelName,
  created_at: z.string(),
  updated_at: z.string(),
  version: z.number(),
});
export type TenantItem = z.infer<typeof TenantItem>;
