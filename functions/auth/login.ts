import { handle } from '../../shared/http/handle.ts';
import { login } from '../../shared/identity/contract.ts';
import { signIn } from '../../shared/identity/sign-in.ts';

export const handler = handle(login, async ({ body, client }) => {
  return { status: 200, body: await signIn(body, client) };
});
