import { handle } from '../../shared/http/handle.ts';
import { register } from '../../shared/identity/contract.ts';
import { emailHash } from '../../shared/identity/emails.ts';
import { registerPerAccount, registerPerAddress } from '../../shared/identity/limits.ts';
import { signUp } from '../../shared/identity/sign-up.ts';
import { enforceLimit, limitSubjectOf } from '../../shared/limits/limits.ts';

export const handler = handle(register, async ({ body, client }) => {
  const address = limitSubjectOf(client.address);
  await Promise.all([
    enforceLimit(registerPerAddress, address),
    enforceLimit(registerPerAccount, `${emailHash(body.email)}.${address}`),
  ]);
  return { status: 201, body: await signUp(body, client) };
});
