import type { Key } from '../table/family.ts';
import type { Write } from '../table/table.ts';

/** What a feature adds to every tenant, in a separate item. Listed in `extensions.ts`. */
export interface TenantExtension {
  keyOf(tenantId: string): Key;
  /** Members of the tenant in the API, from the item where there is one. */
  membersOf(item: Record<string, unknown> | undefined): Record<string, unknown>;
  /** For the transaction of a sign-up, from what its body says. */
  signUpWrites(tenantId: string, body: Readonly<Record<string, unknown>>): Write[];
}
