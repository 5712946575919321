import { handle } from '../../shared/http/handle.ts';
import { completeProfile } from '../../shared/identity/complete-profile.ts';
import { emailHash } from '../../shared/identity/emails.ts';
import { addressSubject, admit } from '../../shared/limits/limits.ts';
import { completeProfile as endpoint } from '../../shared/marketplace/contract.ts';

export const handler = handle(endpoint, async ({ body, client }) => {
  const address = addressSubject(client.address);
  await Promise.all([
    admit('register.address', address),
    admit('register.account', `${emailHash(body.email)}.${address}`),
  ]);
  return { status: 200, body: await completeProfile(body, client) };
});
