import { listApiKeys } from '../../shared/api-keys.ts';
import { listApiKeys as endpoint } from '../../shared/contract/api-keys.ts';
import { handle } from '../../shared/http/handle.ts';

export const handler = handle(endpoint, async ({ tenantId }) => {
  return { status: 200, body: { items: await listApiKeys(tenantId) } };
});
