import { handle } from '../../shared/http/handle.ts';
import { emailHash } from '../../shared/identity/emails.ts';
import { registerPerAccount, registerPerAddress } from '../../shared/identity/limits.ts';
import { enforceLimit, limitSubjectOf } from '../../shared/limits/limits.ts';
import { completeProfile } from '../../shared/marketplace/complete-profile.ts';
import { completeProfile as endpoint } from '../../shared/marketplace/contract.ts';

export const handler = handle(endpoint, async ({ body, client }) => {
  const address = limitSubjectOf(client.address);
  await Promise.all([
    enforceLimit(registerPerAddress, address),
    enforceLimit(registerPerAccount, `${emailHash(body.email)}.${address}`),
  ]);
  return { status: 200, body: await completeProfile(body, client) };
});
