import { handle } from '../../shared/http/handle.ts';
import { refresh } from '../../shared/identity/contract.ts';
import { refreshSession } from '../../shared/identity/sessions.ts';

export const handler = handle(refresh, async ({ body, client }) => {
  return { status: 200, body: await refreshSession(body.refresh_token, client) };
});
