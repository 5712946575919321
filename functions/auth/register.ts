import { register } from '../../shared/contract/auth.ts';
import { handle } from '../../shared/http/handle.ts';
import { addressSubject, admit } from '../../shared/limits.ts';
import { signUp } from '../../shared/sign-up.ts';

export const handler = handle(register, async ({ body, client }) => {
  await admit('register.address', addressSubject(client.address));
  return { status: 201, body: await signUp(body, client) };
});
