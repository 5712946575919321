import * as z from 'zod/mini';
import { SubscriptionPlan, TenantStatus } from '../contract/schemas.ts';

export const TenantItem = z.object({
  id: z.string(),
  name: z.nullable(z.string()),
  status: TenantStatus,
  plan: z.nullable(SubscriptionPlan),
  /** What the licenses say; items from before there were any say nothing and are active. */
  subscription: z._default(z.enum(['PENDING', 'ACTIVE', 'ENDED']), 'ACTIVE'),
  /** Signed up by itself: without a license it is on the FREE plan. */
  is_self_serve: z._default(z.boolean(), false),
  /** An operator holds it suspended, whatever the licenses say. */
  is_held: z._default(z.boolean(), false),
  /** A plan that an operator has set in place of the licenses'. */
  plan_override: z.optional(SubscriptionPlan),
  created_at: z.string(),
  updated_at: z.string(),
  version: z.number(),
});
export type TenantItem = z.infer<typeof TenantItem>;
