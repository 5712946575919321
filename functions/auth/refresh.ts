import { refresh } from '../../shared/contract/auth.ts';
import { handle } from '../../shared/http/handle.ts';
import { refreshSession } from '../../shared/sessions.ts';

export const handler = handle(refresh, async ({ body, client }) => {
  return { status: 200, body: await refreshSession(body.refresh_token, client) };
});
