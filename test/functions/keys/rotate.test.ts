import { createPublicKey, type JsonWebKey, randomUUID, verify } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Answer } from '../../../harness/aws.ts';
import { pretendBcrypt } from '../../../harness/bcrypt.ts';
import { day, minute, travel, travelTo } from '../../../harness/clock.ts';
import { decode } from '../../../harness/jws.ts';
import { useWorld } from '../../../harness/world.ts';
import {
  overlapMs,
  publishAheadMs,
  rotateKeys,
  type SigningKey,
  toVerificationKeys,
} from '../../../shared/identity/signing-keys.ts';

const world = useWorld();
beforeAll(() => {
  pretendBcrypt('correct horse battery');
});
afterAll(() => {
  vi.restoreAllMocks();
});
interface Jwks {
  keys: (JsonWebKey & { kid: string; alg: string; use: string })[];
}

// Every test has keys of its own, and containers that have just started.
beforeEach(async () => {
  vi.resetModules();
  world.signingKeys = await rotateKeys([], 'ES256', Date.now() - day);
});

const publishedSet = async () =>
  (await world.send<Jwks>('GET', '/.well-known/jwks.json')).body.keys;
const isGood = async (token: string) =>
  (await world.send('GET', '/api/v1/tenants/me', { token })).status === 200;

describe('the published keys', () => {
  it('verify what we issue and have no private member (check 17)', async () => {
    const owner = await world.signUp();
    const keys = await publishedSet();
    const { header } = decode(owner.access_token);

    const jwk = keys.find(({ kid }) => kid === header.kid);

    expect(jwk).toEqual({
      kty: 'EC',
      crv: 'P-256',
      x: expect.any(String),
      y: expect.any(String),
      kid: header.kid,
      alg: 'ES256',
      use: 'sig',
    });
    const [head, payload, signature = ''] = owner.access_token.split('.');
    const key = createPublicKey({ key: { ...jwk } as JsonWebKey, format: 'jwk' });
    expect(
      verify(
        'sha256',
        Buffer.from(`${head}.${payload}`),
        { key, dsaEncoding: 'ieee-p1363' },
        Buffer.from(signature, 'base64url'),
      ),
    ).toBe(true);
  });

  it('may be cached for five minutes, less than a key is published ahead of its use', async () => {
    const { headers } = await world.send('GET', '/.well-known/jwks.json');

    expect(headers['cache-control']).toBe('public, max-age=300');
    expect(300_000).toBeLessThan(publishAheadMs);
  });

  it('are none when tokens are signed with a shared secret (check 17)', async () => {
    world.signingKeys = await rotateKeys([], 'HS256', Date.now() - 1000);

    const owner = await world.signUp();

    expect(await publishedSet()).toEqual([]);
    expect(decode(owner.access_token).header.alg).toBe('HS256');
    expect(await isGood(owner.access_token)).toBe(true);
  });
});

describe('a rotation', () => {
  it('signs nobody out: the old key verifies through its overlap and not after it (check 17)', async () => {
    const owner = await world.signUp();
    const oldKid = decode(owner.access_token).header.kid;
    const start = Date.now();
    travelTo(start + minute);
    world.signingKeys = await rotateKeys(world.signingKeys, 'ES256', Date.now());
    const rotatedAt = Date.now();

    expect(await isGood(owner.access_token)).toBe(true);
    travelTo(rotatedAt + publishAheadMs - 1000);
    const late = await world.refresh(owner.refresh_token);
    expect(decode(late.body.access_token).header.kid).toBe(oldKid);
    travelTo(rotatedAt + publishAheadMs + 10 * minute);
    const fresh = await world.refresh(late.body.refresh_token);
    expect(decode(fresh.body.access_token).header.kid).not.toBe(oldKid);
    expect(await isGood(late.body.access_token)).toBe(true);
    expect(await isGood(fresh.body.access_token)).toBe(true);
    expect((await publishedSet()).map(({ kid }) => kid)).toContain(oldKid);

    travelTo(rotatedAt + publishAheadMs + overlapMs + 1000);

    expect((await publishedSet()).map(({ kid }) => kid)).not.toContain(oldKid);
    const newest = await world.refresh(fresh.body.refresh_token);
    expect(newest.status).toBe(200);
    expect(await isGood(newest.body.access_token)).toBe(true);
  });

  it('ends a key also for a token that has not expired (check 17)', async () => {
    const owner = await world.signUp();
    expect(await isGood(owner.access_token)).toBe(true);
    world.signingKeys = await retire(world.signingKeys);
    travel(11 * minute);

    expect(await isGood(owner.access_token)).toBe(false);
  });

  it('to another algorithm signs nobody out either', async () => {
    const owner = await world.signUp();
    world.signingKeys = await rotateKeys(world.signingKeys, 'RS256', Date.now());
    travel(publishAheadMs + minute);

    const fresh = await world.refresh(owner.refresh_token);

    expect(decode(fresh.body.access_token).header.alg).toBe('RS256');
    expect(await isGood(fresh.body.access_token)).toBe(true);
  });
});

describe('the rotation function', () => {
  const steps = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'];

  it('carries out the four steps of Secrets Manager, each as often as it is called', async () => {
    const secrets = new Secrets({ keys: world.signingKeys });
    secrets.answerIn();
    const owner = await world.signUp();

    for (const step of steps) {
      await secrets.run(step);
      await secrets.run(step);
    }

    const current = secrets.current('signing-keys');
    expect(current.map(({ kid }) => kid)).toEqual([
      ...world.signingKeys.map(({ kid }) => kid),
      expect.any(String),
    ]);
    expect(secrets.current('verification-keys').map(({ kid }) => kid)).toEqual(
      current.map(({ kid }) => kid),
    );
    for (const { jwk } of secrets.current('verification-keys')) expect(jwk).not.toHaveProperty('d');
    expect(await isGood(owner.access_token)).toBe(true);
  });

  it('makes the first key of a secret that has none, and it signs at once', async () => {
    const secrets = new Secrets({ keys: [] });
    secrets.answerIn();

    for (const step of steps) await secrets.run(step);

    expect(secrets.current('signing-keys')).toHaveLength(1);
    const owner = await world.signUp();
    expect(await isGood(owner.access_token)).toBe(true);
  });

  it('publishes before it makes current, and fails when that did not happen', async () => {
    const secrets = new Secrets({ keys: world.signingKeys });
    secrets.answerIn();
    await secrets.run('createSecret');

    await expect(secrets.run('testSecret')).rejects.toThrow('not published');

    expect(secrets.current('signing-keys')).toEqual(world.signingKeys);
  });

  it.each([1, 2, 3])('that stops after step %i retires no key', async (done) => {
    const secrets = new Secrets({ keys: world.signingKeys });
    secrets.answerIn();

    for (const step of steps.slice(0, done)) await secrets.run(step);

    travel(publishAheadMs + overlapMs + minute);
    const owner = await world.signUp();
    expect(await isGood(owner.access_token)).toBe(true);
  });

  it('publishes when earlier keys retire, also after it stopped just before', async () => {
    const secrets = new Secrets({ keys: world.signingKeys });
    secrets.answerIn();
    for (const step of steps) await secrets.run(step);
    const retirements = () =>
      secrets.current('verification-keys').map(({ verify_until_ms }) => verify_until_ms);
    expect(retirements()).toEqual([expect.any(Number), null]);
    secrets.lose('verification-keys', ({ verify_until_ms }) => verify_until_ms === null);

    await secrets.run('finishSecret');

    expect(retirements()).toEqual([expect.any(Number), null]);
  });

  it('refuses a version that is not pending, and a step that does not exist', async () => {
    const secrets = new Secrets({ keys: world.signingKeys });
    secrets.answerIn();

    await expect(secrets.run('createSecret', randomUUID())).rejects.toThrow('not pending');
    await expect(secrets.run('stealSecret')).rejects.toThrow('Unknown rotation step');
  });

  it('does nothing for a version that is current already', async () => {
    const secrets = new Secrets({ keys: world.signingKeys });
    secrets.answerIn();
    for (const step of steps) await secrets.run(step);
    const before = secrets.current('signing-keys');

    for (const step of steps) await secrets.run(step);

    expect(secrets.current('signing-keys')).toEqual(before);
  });
});

/** The keys with all of them but a new one ended now. */
async function retire(keys: readonly SigningKey[]): Promise<SigningKey[]> {
  const [fresh] = await rotateKeys([], 'ES256', Date.now() - day);
  if (!fresh) throw new Error('There is no new key');
  return [...keys.map((key) => ({ ...key, verify_until_ms: Date.now() + 1000 })), fresh];
}

/** Secrets Manager as rotation sees it: versions of a secret with their stages. */
class Secrets {
  readonly pending = randomUUID();
  readonly #versions: Record<string, Record<string, { value: string; stages: string[] }>>;

  constructor(signing: { keys: SigningKey[] }) {
    const verification = { keys: toVerificationKeys(signing.keys) };
    this.#versions = {
      'signing-keys': {
        first: { value: JSON.stringify(signing), stages: ['AWSCURRENT'] },
        [this.pending]: { value: '', stages: ['AWSPENDING'] },
      },
      'verification-keys': {
        first: { value: JSON.stringify(verification), stages: ['AWSCURRENT'] },
      },
    };
  }

  current(name: string): SigningKey[] {
    const found = Object.values(this.#versions[name] ?? {}).find(({ stages }) =>
      stages.includes('AWSCURRENT'),
    );
    return JSON.parse(found?.value ?? '{}').keys;
  }

  /** As if the last publication had not happened. */
  lose(name: string, isLost: (key: SigningKey) => boolean): void {
    const keys = this.current(name).filter((key) => !isLost(key));
    this.#put({ SecretId: name, SecretString: JSON.stringify({ keys }) });
  }

  async run(Step: string, ClientRequestToken = this.pending): Promise<void> {
    const { handler } = await import('../../../functions/keys/rotate.ts');
    await handler({ Step, SecretId: 'signing-keys', ClientRequestToken });
  }

  answerIn(): void {
    world.awsAnswers('DescribeSecret', ({ SecretId }) => ({
      members: {
        VersionIdsToStages: Object.fromEntries(
          Object.entries(this.#versions[String(SecretId)] ?? {}).map(([id, { stages }]) => [
            id,
            stages,
          ]),
        ),
      },
    }));
    world.awsAnswers('GetSecretValue', ({ SecretId, VersionId }) =>
      this.#get(String(SecretId), VersionId === undefined ? undefined : String(VersionId)),
    );
    world.awsAnswers('PutSecretValue', (input) => this.#put(input));
    world.awsAnswers('UpdateSecretVersionStage', (input) => this.#move(input));
  }

  #get(name: string, id: string | undefined): Answer {
    const versions = this.#versions[name];
    if (!versions) return { members: { SecretString: 'a sealing key for tests only' } };
    const found = id
      ? versions[id]
      : Object.values(versions).find(({ stages }) => stages.includes('AWSCURRENT'));
    return found?.value
      ? { members: { SecretString: found.value } }
      : { error: 'ResourceNotFoundException' };
  }

  #put(input: Record<string, unknown>): Answer {
    const { SecretId, SecretString, ClientRequestToken, VersionStages } = input;
    const id = String(ClientRequestToken ?? randomUUID());
    const stages = (VersionStages as string[] | undefined) ?? ['AWSCURRENT'];
    const versions = this.#versions[String(SecretId)] ?? {};
    for (const version of Object.values(versions))
      version.stages = version.stages.filter((stage) => !stages.includes(stage));
    versions[id] = { value: String(SecretString), stages };
    return { members: { VersionId: id } };
  }

  #move(input: Record<string, unknown>): Answer {
    const { SecretId, MoveToVersionId, RemoveFromVersionId, VersionStage } = input;
    const versions = this.#versions[String(SecretId)] ?? {};
    const from = versions[String(RemoveFromVersionId)];
    if (from) from.stages = from.stages.filter((stage) => stage !== VersionStage);
    versions[String(MoveToVersionId)]?.stages.push(String(VersionStage));
    return { members: {} };
  }
}
