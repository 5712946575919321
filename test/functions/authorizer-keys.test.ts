import { generateKeyPairSync } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { second, travel } from '../../harness/clock.ts';
import { useForge } from '../../harness/forge.ts';
import { ecSigner, makeJws, signerFor } from '../../harness/jws.ts';
import { useWorld } from '../../harness/world.ts';
import { rotateKeys } from '../../shared/identity/signing-keys.ts';

const world = useWorld();
const forge = useForge(world);
const { expectAllowed, expectRefused, goodHeader, goodClaims, ours } = forge;

let trap: { server: Server; url: string; requests: number };
beforeAll(async () => {
  trap = await startTrap();
});
afterAll(() => trap.server.close());

describe('keys that a token brings along', () => {
  it('never uses jwk, jku, x5u or x5c, and asks nobody for them (check 4)', async () => {
    const thief = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const jwk = thief.publicKey.export({ format: 'jwk' });
    const certificate = thief.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
    await expectAllowed(ours());
    const calls = world.awsCalls;

    for (const header of [
      { jwk },
      { jku: trap.url },
      { x5u: trap.url },
      { x5c: [certificate] },
      { jwk, jku: trap.url, x5u: trap.url, x5c: [certificate], 'x5t#S256': 'x' },
    ]) {
      for (const kid of [{}, { kid: undefined }, { kid: trap.url }]) {
        await expectRefused(
          makeJws({ ...goodHeader(), ...header, ...kid }, goodClaims(), ecSigner(thief.privateKey)),
        );
      }
    }

    expect(trap.requests).toBe(0);
    expect(world.awsCalls).toBe(calls);
  });

  it.each([
    ['a path', '../../dev/null'],
    ['SQL', "x' UNION SELECT 'secret' --"],
    ['NoSQL', '{"$ne":null}'],
    ['a member of every object', '__proto__'],
    ['a method of every object', 'constructor'],
    ['10 kB', 'k'.repeat(10_000)],
    ['nothing', ''],
    ['a NUL', 'a\0b'],
    ['a number', 7],
    ['an object', { $gt: '' }],
    ['a list', ['x']],
    ['null', null],
    ['an unknown id', 'unknown'],
  ])('refuses %s as kid (check 5)', async (_, kid) => {
    await expectRefused(ours({ kid }));
  });

  it('refuses a list that only prints as our kid (check 5)', async () => {
    await expectRefused(ours({ kid: [forge.key.kid] }));
  });

  it('looks for new keys on an unknown kid, but once in 30 seconds (check 5)', async () => {
    await expectAllowed(ours());
    travel(31 * second);
    const before = world.awsCalls;

    await Promise.all(
      Array.from({ length: 50 }, (_, index) => expectRefused(ours({ kid: `unknown-${index}` }))),
    );
    for (let index = 0; index < 10; index += 1) await expectRefused(ours({ kid: `more-${index}` }));

    expect(world.awsCalls - before).toBe(1);
  });

  it('does not ask more often while Secrets Manager fails, and serves on with what it knows (check 5)', async () => {
    await expectAllowed(ours());
    travel(31 * second);
    world.awsAnswers('GetSecretValue', () => ({ error: 'AccessDeniedException' }));
    const before = world.awsCalls;

    for (let index = 0; index < 10; index += 1) await expectRefused(ours({ kid: `fail-${index}` }));
    await expectAllowed(ours());

    expect(world.awsCalls - before).toBe(1);
  });

  it('takes a token of a key that was published after it loaded', async () => {
    await expectAllowed(ours());
    travel(31 * second);
    world.signingKeys = await rotateKeys(world.signingKeys, 'ES256', Date.now());
    const newest = world.signingKeys.at(-1);
    if (!newest) throw new Error('There is no new key');

    await expectAllowed(
      makeJws({ ...goodHeader(), kid: newest.kid }, goodClaims(), signerFor(newest)),
    );
  });
});

/** Whoever follows a URL out of a token ends here. */
async function startTrap() {
  const found = { server: createServer(), url: '', requests: 0 };
  found.server.on('connection', () => {
    found.requests += 1;
  });
  await new Promise<void>((resolve) => found.server.listen(0, '127.0.0.1', resolve));
  const address = found.server.address();
  if (typeof address !== 'object' || !address) throw new Error('The trap has no port');
  found.url = `http://127.0.0.1:${address.port}/jwks.json`;
  return found;
}
