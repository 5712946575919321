import { register } from '../../shared/contract/auth.ts';
import { emailHash } from '../../shared/emails.ts';
import { handle } from '../../shared/http/handle.ts';
import { addressSubject, admit } from '../../shared/limits.ts';
import { signUp } from '../../shared/sign-up.ts';

export const handler = handle(register, async ({ body, client }) => {
  await Promise.all([
    admit('register.address', addressSubject(client.address)),
    admit('register.account', emailHash(body.email)),
  ]);
  return { status: 201, body: await signUp(body, client) };
});
