import { logout } from '../../shared/contract/auth.ts';
import { handle } from '../../shared/http/handle.ts';
import { endAllSessions } from '../../shared/sessions.ts';

export const handler = handle(logout, async ({ tenantId, userId }) => {
  await endAllSessions(tenantId, userId);
  return { status: 200, body: { message: 'Logged out successfully' } };
});
