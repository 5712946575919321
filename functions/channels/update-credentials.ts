import { updateCredentials } from '../../shared/channels/contract.ts';
import { saveCredentials } from '../../shared/channels/credentials.ts';
import { handleBearer } from '../../shared/http/handle-bearer.ts';

export const handler = handleBearer(updateCredentials, async ({ tenantId, userId, body }) => {
  const { save_unverified: saveUnverified, ...wanted } = body;
  const items = await saveCredentials({ tenantId, userId }, wanted, saveUnverified);
  return { status: 200, body: { items } };
});
