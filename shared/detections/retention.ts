import type { TenantItem } from '../tenants/items.ts';
import { retentionDays } from './contract/detections.ts';

export type Plan = TenantItem['plan'];

export const dayMs = 86_400_000;
/** How far ahead of ours the clock of a sensor may be. */
export const clockSkewMs = 5 * 60_000;
/** A plan that is not known yet is taken for this one. */
export const usualPlan = 'STARTER';

export const daysOf = (plan: Plan): number => retentionDays[plan ?? usualPlan];

/** The moment before which nothing is shown to a plan. */
export const horizonOf = (plan: Plan, nowMs: number): string =>
  new Date(nowMs - daysOf(plan) * dayMs).toISOString();
