import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type AwsServer, startAws } from '../../../harness/aws.ts';
import { day, second, travel } from '../../../harness/clock.ts';

let aws: AwsServer;
let cursors: typeof import('../../../shared/runtime/cursors.ts');
beforeAll(async () => {
  aws = await startAws({
    GetSecretValue: () => ({ members: { SecretString: 'a sealing key for tests only' } }),
  });
  process.env.AWS_ENDPOINT_URL_SECRETS_MANAGER = aws.endpoint;
});
afterAll(() => aws.stop());
beforeEach(async () => {
  vi.resetModules();
  cursors = await import('../../../shared/runtime/cursors.ts');
});
afterEach(() => {
  vi.useRealTimers();
});

const filters = fc.dictionary(
  fc.constantFrom('label', 'from', 'to', 'kind'),
  fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(undefined)),
);
const scope = fc.record({
  tenantId: fc.string({ minLength: 1 }),
  list: fc.string({ minLength: 1 }),
  filters,
});
const position = fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer()));

const refused = async (opening: Promise<unknown>) => {
  const error = await opening.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ name: 'AppError', code: 'invalid_cursor', status: 400 });
};
/** Filters as the fingerprint sees them: undefined is absent, order is nothing. */
const known = (given: object) =>
  JSON.stringify(
    Object.entries(given)
      .filter(([, value]) => value !== undefined)
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );

describe('a cursor', () => {
  it('opens to the position that it was sealed with', async () => {
    await fc.assert(
      fc.asyncProperty(scope, position, async (bound, where) => {
        const cursor = await cursors.sealCursor(bound, where);
        expect(await cursors.openCursor(bound, cursor)).toEqual(JSON.parse(JSON.stringify(where)));
        const reversed = Object.fromEntries(Object.entries(bound.filters).reverse());
        expect(await cursors.openCursor({ ...bound, filters: reversed }, cursor)).toEqual(
          JSON.parse(JSON.stringify(where)),
        );
      }),
      { numRuns: 50 },
    );
  });

  it('opens for no other tenant, list or filters (check 61)', async () => {
    await fc.assert(
      fc.asyncProperty(scope, scope, async (bound, other) => {
        const cursor = await cursors.sealCursor(bound, { at: 1 });
        if (other.tenantId !== bound.tenantId)
          await refused(cursors.openCursor({ ...bound, tenantId: other.tenantId }, cursor));
        if (other.list !== bound.list)
          await refused(cursors.openCursor({ ...bound, list: other.list }, cursor));
        if (known(other.filters) !== known(bound.filters))
          await refused(cursors.openCursor({ ...bound, filters: other.filters }, cursor));
      }),
      { numRuns: 100 },
    );
  });

  it('opens after no change of any character (check 61)', async () => {
    const bound = { tenantId: 'tnt_a', list: 'things', filters: {} };
    const cursor = await cursors.sealCursor(bound, { ts: 'x', id: 'y' });
    await fc.assert(
      fc.asyncProperty(
        fc.nat(cursor.length - 1),
        fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ '),
        async (index, character) => {
          fc.pre(cursor[index] !== character);
          await refused(
            cursors.openCursor(bound, cursor.slice(0, index) + character + cursor.slice(index + 1)),
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  it('is told from any other text, with no other error (check 61)', async () => {
    const bound = { tenantId: 'tnt_a', list: 'things', filters: {} };
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          fc.string({ unit: 'binary' }),
          fc
            .tuple(fc.json(), fc.string(), fc.string(), fc.string(), fc.string())
            .map((parts) => parts.map((part) => Buffer.from(part).toString('base64url')).join('.')),
        ),
        (text) => refused(cursors.openCursor(bound, text)),
      ),
      { numRuns: 200 },
    );
  });

  it('is never the same twice, and is not read without the key', async () => {
    const bound = { tenantId: 'tnt_a', list: 'things', filters: {} };
    const [a, b] = [await cursors.sealCursor(bound, {}), await cursors.sealCursor(bound, {})];
    expect(a).not.toBe(b);
    aws.actions.GetSecretValue = () => ({ members: { SecretString: 'another key' } });
    vi.resetModules();
    const elsewhere = await import('../../../shared/runtime/cursors.ts');

    await refused(elsewhere.openCursor(bound, a));

    aws.reset();
  });

  it('is good for a day and no longer (check 61)', async () => {
    const bound = { tenantId: 'tnt_a', list: 'things', filters: {} };
    const cursor = await cursors.sealCursor(bound, {});
    travel(day - 2 * second);
    expect(await cursors.openCursor(bound, cursor)).toEqual({});

    travel(3 * second);

    await refused(cursors.openCursor(bound, cursor));
  });

  it('is one of ours only with our algorithms', async () => {
    const { EncryptJWT } = await import('jose');
    const { createHash } = await import('node:crypto');
    const bound = { tenantId: 'tnt_a', list: 'things', filters: {} };
    const secret = createHash('sha512').update('a sealing key for tests only').digest();
    const foreign = await new EncryptJWT({ position: {}, filters: '' })
      .setProtectedHeader({ alg: 'dir', enc: 'A256CBC-HS512' })
      .setSubject('tnt_a')
      .setAudience('things')
      .setExpirationTime('1h')
      .encrypt(secret);

    await refused(cursors.openCursor(bound, foreign));
  });
});
