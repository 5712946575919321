import { deleteApiKey } from '../../shared/api-keys.ts';
import { deleteApiKey as endpoint } from '../../shared/contract/api-keys.ts';
import { handle } from '../../shared/http/handle.ts';

export const handler = handle(endpoint, async ({ tenantId, path }) => {
  await deleteApiKey(tenantId, path.id);
  return { status: 204 };
});
