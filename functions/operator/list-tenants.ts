import { listTenants as operation } from '../../shared/operator/operations.ts';
import { listTenants } from '../../shared/operator/tenants.ts';
import { handleOperation } from '../../shared/runtime/operations.ts';

export const handler = handleOperation(operation, listTenants);
