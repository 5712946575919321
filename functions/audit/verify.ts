import { verifyAudit as operation } from '../../shared/audit/operations.ts';
import { verifyChain } from '../../shared/audit/verify.ts';
import { handleOperation } from '../../shared/runtime/operations.ts';

export const handler = handleOperation(operation, async ({ tenant_id }) => {
  const report = await verifyChain(tenant_id);
  return { ...report, is_different: report.faults.length > 0 };
});
