import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * A refresh token: `<tenant>.<user>.<session>.<family secret>.<generation secret>`. The first three
 * say where its session is kept; the family secret, the same for the whole session, proves that
 * the bearer once had a token of it; the generation secret is new with every refresh. Both are
 * 256 random bits and are stored only as SHA-256.
 */
export interface RefreshToken {
  tenantId: string;
  userId: string;
  sessionId: string;
  family: string;
  generation: string;
}

const shape =
  /^(tnt_[0-9A-Z]{26})\.(usr_[0-9A-Z]{26})\.(ses_[0-9A-Z]{26})\.([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]{43})$/;

/** Reads a refresh token; undefined when it does not have the form of one. */
export function parseRefreshToken(text: string): RefreshToken | undefined {
  const [, tenantId, userId, sessionId, family, generation] = shape.exec(text) ?? [];
  if (!tenantId || !userId || !sessionId || !family || !generation) return undefined;
  return { tenantId, userId, sessionId, family, generation };
}

export function formatRefreshToken({
  tenantId,
  userId,
  sessionId,
  family,
  generation,
}: RefreshToken): string {
  return `${tenantId}.${userId}.${sessionId}.${family}.${generation}`;
}

export const newSecret = (): string => randomBytes(32).toString('base64url');

export const hashSecret = (secret: string): string =>
  createHash('sha256').update(secret).digest('base64url');

/** Whether a secret is the one whose hash is stored, in constant time. */
export function matchesHash(secret: string, hash: string | undefined): boolean {
  if (hash === undefined) return false;
  const given = Buffer.from(hashSecret(secret));
  const stored = Buffer.from(hash);
  return given.length === stored.length && timingSafeEqual(given, stored);
}

/**
 * The generation that follows. Who holds the previous one can make it again from the stored nonce,
 * so a lost answer can be repeated; the table alone gives nothing away.
 */
export function nextGeneration(generation: string, nonce: string): string {
  return createHmac('sha256', generation).update(nonce).digest('base64url');
}
