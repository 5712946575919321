import { auditEntry } from '../audit/entry.ts';
import { notFound } from '../contract/core-errors.ts';
import { AppError } from '../contract/errors.ts';
import { readLicenses, refreshTenant } from '../marketplace/access.ts';
import { readJournal } from '../marketplace/journal.ts';
import { changes } from '../table/changes.ts';
import { transact, type Write } from '../table/table.ts';
import { TenantItem } from '../tenants/items.ts';
import { tenantKeys, tenantSeries } from '../tenants/keys.ts';
import { getTenant } from '../tenants/tenants.ts';
import * as audits from './audit.ts';
import { type Page, seriesPage } from './pages.ts';

/** A page of all tenants, the newest first. */
export async function listTenants(page: Page) {
  const { items, next_cursor } = await seriesPage(tenantSeries.pattern, page, {
    newestFirst: true,
  });
  return { items: items.map((item) => TenantItem.parse(item)), next_cursor };
}

/** A tenant with its licenses and the events of each. Throws `not_found`. */
export async function showTenant(tenantId: string) {
  const [tenant, licenses] = await Promise.all([getTenant(tenantId), readLicenses(tenantId)]);
  const withEvents = licenses.map(async (license) => ({
    ...license,
    events: license.agreement_id ? (await readJournal(license.agreement_id)).events : [],
  }));
  return { tenant, licenses: await Promise.all(withEvents) };
}

type Reasoned = { readonly operator: string; readonly reason: string };

/** Suspends a tenant, or ends that. Returns the tenant after it. Throws `not_found`. */
export async function holdTenant(
  tenantId: string,
  isHeld: boolean,
  { operator, reason }: Reasoned,
) {
  const audit = await auditEntry(tenantId, isHeld ? audits.tenantHeld : audits.tenantRestored, {
    actor: { kind: 'operator', id: operator },
    subject: tenantId,
    data: { reason },
  });
  return { tenant: await setAndRefresh(tenantId, audit, { is_held: isHeld }) };
}

/** Gives a tenant a plan in place of that of its licenses, or takes that back. Throws `not_found`. */
export async function overridePlan(
  tenantId: string,
  plan: NonNullable<TenantItem['plan']> | 'none',
  { operator, reason }: Reasoned,
) {
  const isNone = plan === 'none';
  const audit = await auditEntry(tenantId, audits.planOverridden, {
    actor: { kind: 'operator', id: operator },
    subject: tenantId,
    data: { plan, reason },
  });
  const set = isNone ? {} : { plan_override: plan };
  return { tenant: await setAndRefresh(tenantId, audit, set, isNone) };
}

async function setAndRefresh(
  tenantId: string,
  audit: readonly Write[],
  set: Partial<TenantItem>,
  withoutOverride = false,
): Promise<TenantItem> {
  const failed = await transact([
    {
      update: {
        Key: tenantKeys.tenant(tenantId),
        ...changes({
          set,
          add: { version: 1 },
          ...(withoutOverride && { remove: ['plan_override'] }),
          if: 'attribute_exists(pk)',
        }),
      },
    },
    ...audit,
  ]);
  if (failed) throw new AppError(notFound, { detail: 'There is no such tenant.' });
  await refreshTenant(tenantId);
  return getTenant(tenantId);
}
