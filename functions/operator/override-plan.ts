import { overridePlan as operation } from '../../shared/operator/operations.ts';
import { overridePlan } from '../../shared/operator/tenants.ts';
import { handleOperation } from '../../shared/runtime/operations.ts';

export const handler = handleOperation(operation, ({ tenant_id, plan, ...by }) =>
  overridePlan(tenant_id, plan, by),
);
