import { exportDetections } from '../../shared/detections/contract/export.ts';
import { exportCsv } from '../../shared/detections/export.ts';
import { exportPerTenant } from '../../shared/detections/limits.ts';
import { handleBearer } from '../../shared/http/handle-bearer.ts';
import { enforceLimit } from '../../shared/limits/limits.ts';

export const handler = handleBearer(exportDetections, async ({ tenantId, query, plan }) => {
  await enforceLimit(exportPerTenant, tenantId);
  return {
    status: 200,
    body: exportCsv(tenantId, query, plan),
    headers: {
      'content-type': 'text/csv; charset=utf-8; header=present',
      'content-disposition': 'attachment; filename="detections.csv"',
    },
  };
});
