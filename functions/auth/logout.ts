import { handleBearer } from '../../shared/http/handle-bearer.ts';
import { logout } from '../../shared/identity/contract.ts';
import { endAllSessions } from '../../shared/identity/sign-out.ts';

export const handler = handleBearer(logout, async ({ tenantId, userId }) => {
  await endAllSessions(tenantId, userId);
  return { status: 200, body: { message: 'Logged out successfully' } };
});
