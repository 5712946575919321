import { exportDetections } from '../../shared/detections/contract/export.ts';
import { exportCsv } from '../../shared/detections/export.ts';
import { exportPerTenant } from '../../shared/detections/limits.ts';
import { handleBearer } from '../../shared/http/handle-bearer.ts';
import { enforceLimit } from '../../shared/limits/limits.ts';

export const handler = handleBearer(exportDetections, async ({ tenantId, query, plan }) => {
  // The plan is known when the caller's standing is: nobody else's attempts count for the tenant.
  const known = await plan();
  await enforceLimit(exportPerTenant, tenantId);
  return {
    status: 200,
    body: exportCsv(tenantId, query, known),
    headers: {
      'content-type': 'text/csv; charset=utf-8; header=present',
      'content-disposition': 'attachment; filename="detections.csv"',
    },
  };
});
