import { ingestDetections } from '../../shared/contract/detections.ts';
import { ingest } from '../../shared/detections.ts';
import { handle } from '../../shared/http/handle.ts';
import { addressSubject } from '../../shared/limits.ts';

export const handler = handle(
  ingestDetections,
  async ({ tenantId, apiKeyId, body, client, admit }) => {
    await Promise.all([
      admit('ingest.address', addressSubject(client.address)),
      admit('ingest.key', apiKeyId),
      admit('ingest.tenant', tenantId),
    ]);
    return { status: 202, body: await ingest(tenantId, body.detections) };
  },
);
