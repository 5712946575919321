import { login } from '../../shared/contract/auth.ts';
import { handle } from '../../shared/http/handle.ts';
import { signIn } from '../../shared/sign-in.ts';

export const handler = handle(login, async ({ body, client }) => {
  return { status: 200, body: await signIn(body, client) };
});
