import { register } from '../../shared/contract/auth.ts';
import { emailHash } from '../../shared/emails.ts';
import { handle } from '../../shared/http/handle.ts';
import { addressSubject, admit } from '../../shared/limits.ts';
import { signUp } from '../../shared/sign-up.ts';

export const handler = handle(register, async ({ body, client }) => {
  const address = addressSubject(client.address);
  await Promise.all([
    admit('register.address', address),
    admit('register.account', `${emailHash(body.email)}.${address}`),
  ]);
  return { status: 201, body: await signUp(body, client) };
});
