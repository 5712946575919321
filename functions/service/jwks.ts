import { handle } from '../../shared/http/handle.ts';
import { toJwks } from '../../shared/identity/signing-keys.ts';
import { verificationKeys } from '../../shared/identity/verification-keys.ts';
import { jwks } from '../../shared/service/contract.ts';

const headers = { 'cache-control': 'public, max-age=300' };

export const handler = handle(jwks, async () => {
  const { published } = await verificationKeys.get();
  return { status: 200, body: toJwks(published, Date.now()), headers };
});
