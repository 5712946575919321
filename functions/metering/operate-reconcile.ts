import { monthOf } from '../../shared/metering/hours.ts';
import { reconcileTenants as operation } from '../../shared/metering/operations.ts';
import { reconcile } from '../../shared/metering/usage.ts';
import { handleOperation } from '../../shared/runtime/operations.ts';

export const handler = handleOperation(operation, async ({ month }) => {
  const items = [];
  for await (const one of reconcile('all', month ?? monthOf(Date.now()))) items.push(one);
  return { items, is_different: items.length > 0 };
});
