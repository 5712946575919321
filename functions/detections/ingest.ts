import { ingestDetections } from '../../shared/detections/contract/detections.ts';
import { ingest } from '../../shared/detections/ingest.ts';
import { ingestPerAddress, ingestPerKey, ingestPerTenant } from '../../shared/detections/limits.ts';
import { handleApiKey } from '../../shared/http/handle-api-key.ts';
import { enforceLimit, limitSubjectOf } from '../../shared/limits/limits.ts';

export const handler = handleApiKey(
  ingestDetections,
  async ({ tenantId, apiKeyId, body, client, plan }) => {
    // The tenant last: what one address or key has too much of is not taken from the others.
    await Promise.all([
      enforceLimit(ingestPerAddress, limitSubjectOf(client.address)),
      enforceLimit(ingestPerKey, apiKeyId),
    ]);
    await enforceLimit(ingestPerTenant, tenantId);
    return { status: 202, body: await ingest(tenantId, body.detections, plan) };
  },
);
