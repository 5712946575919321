import { createPublicKey, type KeyObject } from 'node:crypto';
import type { APIGatewayAuthorizerResult } from 'aws-lambda';
import { beforeAll, beforeEach, expect, vi } from 'vitest';
import type { SigningKey } from '../shared/identity/signing-keys.ts';
import { decode, makeJws, privateKeyOf, signerFor } from './jws.ts';
import type { Member, World } from './world.ts';

type Verdict = APIGatewayAuthorizerResult | 'Unauthorized';

/** What the authorizer says to a token. Any error but its refusal is thrown. */
async function authorize(token: string, scheme = 'Bearer'): Promise<Verdict> {
  const { handler } = await import('../functions/authorizer.ts');
  return handler({
    type: 'TOKEN',
    methodArn: 'arn:aws:execute-api:eu-central-1:000000000000:abc123/main/GET/api/v1/tenants/me',
    authorizationToken: `${scheme} ${token}`,
  }).catch((error: unknown): Verdict => {
    if (error instanceof Error && error.message === 'Unauthorized') return 'Unauthorized';
    throw error;
  });
}

const now = () => Math.floor(Date.now() / 1000);

/** JSON of an object in which one member's value is given as text, for values that no object can hold. */
export function withRawMember(object: object, name: string, raw: string): string {
  return JSON.stringify({ ...object, [name]: '@' }).replace('"@"', raw);
}

/**
 * A member, our own key that signed their token, and a hand that signs others with it. Every test
 * has an authorizer that has just loaded: what it remembers must not outlive a test's clock.
 */
export function useForge(world: World) {
  let started: { owner: Member; key: SigningKey } | undefined;
  const state = () => {
    if (!started) throw new Error('The forge has not started');
    return started;
  };
  beforeAll(async () => {
    const owner = await world.signUp();
    const [key] = world.signingKeys;
    if (!key) throw new Error('There is no signing key');
    started = { owner, key };
  });
  beforeEach(() => {
    vi.resetModules();
  });

  const goodHeader = () => ({ alg: 'ES256', kid: state().key.kid, typ: 'at+jwt' });
  const goodClaims = () => {
    const { claims } = decode(state().owner.access_token);
    return { ...claims, iat: now(), exp: now() + 900 };
  };
  return {
    get owner(): Member {
      return state().owner;
    },
    get key(): SigningKey {
      return state().key;
    },
    get privateKey(): KeyObject {
      return privateKeyOf(state().key);
    },
    get publicKey(): KeyObject {
      return createPublicKey(privateKeyOf(state().key));
    },
    now,
    goodHeader,
    goodClaims,
    authorize,
    /** A token with our own signature on whatever header and claims a test wants. */
    ours: (header: object = {}, claims: object = {}) =>
      makeJws(
        { ...goodHeader(), ...header },
        { ...goodClaims(), ...claims },
        signerFor(state().key),
      ),
    /** The same with texts, for JSON that no object can be. */
    oursRaw: (header: string, claims: string) => makeJws(header, claims, signerFor(state().key)),
    expectAllowed: async (token: string) =>
      expect(await authorize(token)).toMatchObject({ principalId: state().owner.userId }),
    expectRefused: async (token: string) => expect(await authorize(token)).toBe('Unauthorized'),
  };
}
