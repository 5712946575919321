import { jwks } from '../../shared/contract/service.ts';
import { handle } from '../../shared/http/handle.ts';
import { toJwks } from '../../shared/signing-keys.ts';
import { verificationKeys } from '../../shared/verification-keys.ts';

const headers = { 'cache-control': 'public, max-age=300' };

export const handler = handle(jwks, async () => {
  const { published } = await verificationKeys.get();
  return { status: 200, body: toJwks(published, Date.now()), headers };
});
