import { showTenant as operation } from '../../shared/operator/operations.ts';
import { showTenant } from '../../shared/operator/tenants.ts';
import { handleOperation } from '../../shared/runtime/operations.ts';

export const handler = handleOperation(operation, ({ tenant_id }) => showTenant(tenant_id));
