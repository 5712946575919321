import { handleApiKey } from '../../shared/http/handle-api-key.ts';
import { reportUsage } from '../../shared/metering/contract.ts';
import { recordUsage } from '../../shared/metering/record.ts';

export const handler = handleApiKey(reportUsage, async ({ tenantId, body }) => ({
  status: 202,
  body: await recordUsage(tenantId, body),
}));
