import * as z from 'zod/mini';
import { SubscriptionPlan, TenantStatus } from '../contract/schemas.ts';

const StoredTenant = z.object({
  id: z.string(),
  name: z.nullable(z.string()),
  status: TenantStatus,
  plan: z.nullable(SubscriptionPlan),
  /** From when on it has another plan, because what it was entitled to expires. */
  plan_until: z.optional(z.string()),
  plan_after: z.optional(z.nullable(SubscriptionPlan)),
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

/** A tenant with the plan that it has now. */
export const TenantItem = z.pipe(
  StoredTenant,
  z.transform((tenant) =>
    tenant.plan_until && Date.parse(tenant.plan_until) <= Date.now()
      ? { ...tenant, plan: tenant.plan_after ?? null }
      : tenant,
  ),
);
export type TenantItem = z.infer<typeof TenantItem>;
