import { monthOf } from '../../shared/metering/hours.ts';
import { reportTenantUsage as operation } from '../../shared/metering/operations.ts';
import { reportUsage } from '../../shared/metering/usage.ts';
import { handleOperation } from '../../shared/runtime/operations.ts';

export const handler = handleOperation(operation, async ({ tenant_id, month }) => ({
  items: await reportUsage(tenant_id, month ?? monthOf(Date.now())),
}));
