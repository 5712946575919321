import { auditEntry } from '../audit/entry.ts';
import { changes } from '../table/changes.ts';
import { retryConflicts } from '../table/retry.ts';
import { getItem, queryPages, transact } from '../table/table.ts';
import { TenantItem } from '../tenants/items.ts';
import { tenantKeys } from '../tenants/keys.ts';
import { standingChanged } from './audit.ts';
import { LicenseItem } from './items.ts';
import { licensePrefix } from './keys.ts';
import { isFollowed } from './license-state.ts';
import { productOf } from './sold-product.ts';
import { standingMail } from './standing-mail.ts';
import { planTrialMails } from './trial-mail.ts';

type Plan = NonNullable<TenantItem['plan']>;

/** What the licenses of a tenant say of it. */
export type Standing = Pick<
  TenantItem,
  'status' | 'subscription' | 'plan' | 'plan_until' | 'plan_after'
>;

/** The licenses of a tenant, strongly consistent, the oldest first. */
export async function readLicenses(tenantId: string): Promise<LicenseItem[]> {
  const { pk } = tenantKeys.tenant(tenantId);
  const found: LicenseItem[] = [];
  const pages = queryPages({
    KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
    ExpressionAttributeValues: { ':pk': pk, ':prefix': licensePrefix },
    ConsistentRead: true,
  });
  for await (const { items } of pages) found.push(...items.map((item) => LicenseItem.parse(item)));
  return found.toSorted((a, b) => Number(a.created_at > b.created_at) || -1);
}

/**
 * The standing that a tenant has by its licenses. One that is renewed or replaced gives access until
 * a newer license of the tenant has been active: nothing is revoked between the two. What the tenant is
 * entitled to counts until it expires, and its plan is told with the moment of its next change.
 */
export function standingOf(
  tenant: Pick<TenantItem, 'status' | 'is_self_serve' | 'is_held' | 'plan' | 'plan_override'>,
  licenses: readonly LicenseItem[],
  nowMs = Date.now(),
): Standing {
  const giving = licenses.filter((license, index) => {
    if (license.status !== 'ENDED') return license.status === 'ACTIVE';
    const newer = licenses.slice(index + 1);
    return isFollowed(license.end_reason) && newer.every(({ status }) => status === 'PENDING');
  });
  const isFree = tenant.is_self_serve || licenses.length === 0;
  const subscription =
    giving.length > 0 || isFree
      ? 'ACTIVE'
      : licenses.some(({ status }) => status === 'PENDING')
        ? 'PENDING'
        : 'ENDED';
  const planOf = (some: readonly LicenseItem[], ms: number) =>
    highest(some.flatMap((license) => plansOf(license, ms)));
  const planAt = (ms: number): Plan | null =>
    tenant.plan_override ??
    planOf(giving, ms) ??
    (tenant.is_self_serve ? 'FREE' : undefined) ??
    // What it had stays to be seen, by people who may want it back.
    planOf(
      licenses.filter(({ status }) => status === 'ENDED'),
      ms,
    ) ??
    (licenses.length === 0 ? tenant.plan : null);
  const plan = planAt(nowMs);
  const until = giving
    .flatMap(({ entitlements = [] }) => entitlements.flatMap(({ expires_at }) => expires_at ?? []))
    .filter((at) => Date.parse(at) > nowMs && planAt(Date.parse(at)) !== plan)
    .toSorted()[0];
  return {
    status: statusOf({ ...tenant, subscription }),
    subscription,
    plan,
    ...(until && { plan_until: until, plan_after: planAt(Date.parse(until)) }),
  };
}

/** The status of a tenant: a profile to complete comes first. */
export function statusOf(
  tenant: Pick<TenantItem, 'status' | 'subscription' | 'is_held'>,
): TenantItem['status'] {
  if (tenant.status === 'PENDING_PROFILE') return 'PENDING_PROFILE';
  return tenant.subscription === 'ENDED' || tenant.is_held ? 'SUSPENDED' : 'ACTIVE';
}

const order: readonly Plan[] = ['FREE', 'STARTER', 'PRO', 'ENTERPRISE'];

const highest = (plans: readonly Plan[]): Plan | undefined =>
  plans.toSorted((a, b) => order.indexOf(b) - order.indexOf(a))[0];

function plansOf(license: LicenseItem, nowMs: number): Plan[] {
  const product = productOf(license.product_code);
  const entitled = new Set(entitledTo(license, nowMs).map(({ dimension }) => dimension));
  const plans = product?.dimensions.map(({ key, plan }) => (entitled.has(key) ? plan : null));
  return [product?.plan, ...(plans ?? [])].filter((plan): plan is Plan => Boolean(plan));
}

/**
 * What a license entitles to at a moment: what has expired does not count. What an ended one entitled
 * to stays as it was: whether it still counts is for its successor to say.
 */
export function entitledTo({ status, entitlements = [] }: LicenseItem, nowMs: number) {
  return entitlements.filter(
    ({ value, expires_at }) =>
      value !== 0 &&
      value !== false &&
      (status === 'ENDED' || expires_at === null || Date.parse(expires_at) > nowMs),
  );
}

/**
 * Makes the tenant what its licenses say, and returns its new state with the one before. Whoever
 * changes a license calls this afterwards; the last one sees all changes. Undefined for no tenant.
 */
export async function refreshTenant(
  tenantId: string,
): Promise<{ before: TenantItem; after: TenantItem } | undefined> {
  const Key = tenantKeys.tenant(tenantId);
  return retryConflicts(async () => {
    // The tenant is read first: a license that changes after that changes its version too.
    const item = await getItem(Key);
    if (!item) return { before: undefined, after: undefined };
    const before = TenantItem.parse(item);
    const licenses = await readLicenses(tenantId);
    await planTrialMails(tenantId, licenses);
    const standing = standingOf(before, licenses);
    const isSame = (['status', 'subscription', 'plan', 'plan_until', 'plan_after'] as const).every(
      (name) => standing[name] === before[name],
    );
    if (isSame) return { before, after: before };
    const { plan_until: _until, plan_after: _after, ...kept } = before;
    const after: TenantItem = {
      ...kept,
      ...standing,
      updated_at: new Date().toISOString(),
      version: before.version + 1,
    };
    const { status, subscription, plan, plan_until, plan_after, updated_at, version } = after;
    const mail = standingMail(before, after);
    const audit = await auditEntry(tenantId, standingChanged, {
      subject: tenantId,
      data: { status, subscription, plan: plan ?? 'none' },
    });
    const failed = await transact([
      {
        update: {
          Key,
          ...changes({
            set: { status, subscription, plan, plan_until, plan_after, updated_at, version },
            ...(plan_until === undefined && { remove: ['plan_until', 'plan_after'] }),
            if: ['version = :read', { read: before.version }],
          }),
        },
      },
      ...mail.writes,
      ...audit,
    ]);
    if (failed) return undefined;
    await mail.send();
    return { before, after };
  }).then(({ before, after }) => (before && after ? { before, after } : undefined));
}
