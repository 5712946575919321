import { logout } from '../../shared/contract/auth.ts';
import { handleBearer } from '../../shared/http/handle-bearer.ts';
import { endAllSessions } from '../../shared/sign-out.ts';

export const handler = handleBearer(logout, async ({ tenantId, userId }) => {
  await endAllSessions(tenantId, userId);
  return { status: 200, body: { message: 'Logged out successfully' } };
});
