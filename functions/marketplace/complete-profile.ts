import { completeProfile as endpoint } from '../../shared/contract/marketplace.ts';
import { handle } from '../../shared/http/handle.ts';
import { addressSubject, admit } from '../../shared/limits.ts';
import { completeProfile } from '../../shared/profiles.ts';

export const handler = handle(endpoint, async ({ body, client }) => {
  await admit('register.address', addressSubject(client.address));
  return { status: 200, body: await completeProfile(body, client) };
});
