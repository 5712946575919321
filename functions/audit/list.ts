import { listAuditEvents } from '../../shared/audit/contract.ts';
import { listEvents } from '../../shared/audit/list.ts';
import { handleBearer } from '../../shared/http/handle-bearer.ts';

export const handler = handleBearer(listAuditEvents, async ({ tenantId, query }) => {
  return { status: 200, body: await listEvents(tenantId, query) };
});
