import { createHmac, createPrivateKey, type JsonWebKey, type KeyObject, sign } from 'node:crypto';
import type { SigningKey } from '../shared/identity/signing-keys.ts';

type Part = string | object;

export const encode = (part: Part): string =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');

/** A compact JWS made by hand: header and payload may be any text, and no library looks at them. */
export function makeJws(header: Part, payload: Part, signer: (input: Buffer) => Buffer): string {
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${signer(Buffer.from(input)).toString('base64url')}`;
}

/** Signs as the algorithm of the key wants it. */
export function signerFor(signingKey: SigningKey): (input: Buffer) => Buffer {
  const { alg, jwk } = signingKey;
  if (alg === 'HS256') return hmacSigner(Buffer.from(String(jwk.k), 'base64url'));
  const key = privateKeyOf(signingKey);
  return alg === 'ES256' ? ecSigner(key) : (input) => sign('sha256', input, key);
}

export const privateKeyOf = ({ jwk }: SigningKey): KeyObject =>
  createPrivateKey({ key: { ...jwk } as JsonWebKey, format: 'jwk' });

export const ecSigner =
  (key: KeyObject, dsaEncoding: 'ieee-p1363' | 'der' = 'ieee-p1363') =>
  (input: Buffer): Buffer =>
    sign('sha256', input, { key, dsaEncoding });

export const hmacSigner =
  (secret: Buffer) =>
  (input: Buffer): Buffer =>
    createHmac('sha256', secret).update(input).digest();

/** Header and claims of a JWS, not verified. */
export function decode(token: string): {
  header: Record<string, unknown>;
  claims: Record<string, unknown>;
} {
  const [header = '', claims = ''] = token.split('.');
  const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString());
  return { header: read(header), claims: read(claims) };
}
