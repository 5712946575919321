import { suspendTenant as operation } from '../../shared/operator/operations.ts';
import { holdTenant } from '../../shared/operator/tenants.ts';
import { handleOperation } from '../../shared/runtime/operations.ts';

export const handler = handleOperation(operation, ({ tenant_id, ...by }) =>
  holdTenant(tenant_id, true, by),
);
