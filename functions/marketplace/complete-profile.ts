import { completeProfile as endpoint } from '../../shared/contract/marketplace.ts';
import { emailHash } from '../../shared/emails.ts';
import { handle } from '../../shared/http/handle.ts';
import { addressSubject, admit } from '../../shared/limits.ts';
import { completeProfile } from '../../shared/profiles.ts';

export const handler = handle(endpoint, async ({ body, client }) => {
  const address = addressSubject(client.address);
  await Promise.all([
    admit('register.address', address),
    admit('register.account', `${emailHash(body.email)}.${address}`),
  ]);
  return { status: 200, body: await completeProfile(body, client) };
});
