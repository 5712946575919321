import { exportDetections } from '../../shared/contract/detections-export.ts';
import { exportPage } from '../../shared/detections-export.ts';
import { handleBearer } from '../../shared/http/handle-bearer.ts';

export const handler = handleBearer(exportDetections, async ({ tenantId, query, plan }) => {
  const { csv, hasHeader, next } = await exportPage(tenantId, query, plan);
  return {
    status: 200,
    body: csv,
    headers: {
      'content-type': `text/csv; charset=utf-8; header=${hasHeader ? 'present' : 'absent'}`,
      'content-disposition': 'attachment; filename="detections.csv"',
      ...(next !== undefined && { link: `<${next}>; rel="next"` }),
    },
  };
});
