import type { APIGatewayAuthorizerResult, APIGatewayTokenAuthorizerEvent } from 'aws-lambda';
import { verifyAccessToken } from '../shared/identity/access-tokens.ts';
import { InvalidTokenError, UnknownKeyError } from '../shared/identity/token-verification.ts';
import { verificationKeys } from '../shared/identity/verification-keys.ts';
import { requireEnv } from '../shared/runtime/config.ts';

const issuer = requireEnv('TOKEN_ISSUER');
/** An unknown key id makes us look for new keys, but not more often than this. */
const unknownKeyCooldownMs = 30_000;

/**
 * API Gateway's TOKEN authorizer. Verifies the access token and injects its tenant; the answer
 * holds for every method, because API Gateway may cache it. Refuses by throwing `Unauthorized`;
 * any other failure is an error of ours, on which API Gateway refuses the request.
 */
export async function handler(
  event: APIGatewayTokenAuthorizerEvent,
): Promise<APIGatewayAuthorizerResult> {
  const token = /^Bearer ([\w.-]+)$/i.exec(event.authorizationToken)?.[1];
  if (token === undefined) throw new Error('Unauthorized');
  const principal = await verify(token);
  if (!principal) throw new Error('Unauthorized');
  const { tenantId, userId, role, sessionId, expiresAtSeconds } = principal;
  return {
    principalId: userId,
    policyDocument: {
      Version: '2012-10-17',
      Statement: [
        { Action: 'execute-api:Invoke', Effect: 'Allow', Resource: wholeStage(event.methodArn) },
      ],
    },
    context: {
      tenant_id: tenantId,
      user_id: userId,
      role,
      session_id: sessionId,
      expires_at: expiresAtSeconds,
    },
  };
}

async function verify(token: string) {
  const { ring } = await verificationKeys.get();
  try {
    return await verifyAccessToken(token, ring, issuer).catch(async (error: unknown) => {
      if (!(error instanceof UnknownKeyError)) throw error;
      const { ring: newest } = await verificationKeys.getNewerThan(unknownKeyCooldownMs);
      return verifyAccessToken(token, newest, issuer);
    });
  } catch (error) {
    if (!(error instanceof InvalidTokenError)) throw error;
    process.stdout.write(
      `${JSON.stringify({ level: 'INFO', message: 'token_refused', reason: error.message })}\n`,
    );
    return undefined;
  }
}

/** `arn:aws:execute-api:region:account:api/stage/GET/path` → every method and path of the stage. */
function wholeStage(methodArn: string): string {
  const [api, stage] = methodArn.split('/');
  return `${api}/${stage}/*/*`;
}
