import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type BcryptWork, pretendBcrypt, totalOf } from '../../../harness/bcrypt.ts';
import { freezeInWindow, second, travel, travelTo } from '../../../harness/clock.ts';
import {
  allItems,
  passwordHashOf,
  setPasswordHash,
  usedOf,
  useUp,
} from '../../../harness/items.ts';
import { limitNamed } from '../../../harness/limits.ts';
import { logLines, outputOf } from '../../../harness/output.ts';
import {
  type Answered,
  claimsOf,
  type Member,
  randomAddress,
  type TokenBody,
  useWorld,
} from '../../../harness/world.ts';
import { emailHash } from '../../../shared/identity/emails.ts';

const world = useWorld();
const right = 'correct horse battery';
const account = limitNamed('login.account_address');
const accountLimitMs = account.windowSeconds * second;
/** Where the attempts of these tests come from, unless they say otherwise. */
const here = '198.51.100.77';
const fromHere = (email: string) => `${emailHash(email)}.${here}`;
let owner: Member;
let other: Member;

beforeAll(async () => {
  owner = await world.signUp(undefined, right);
  other = await world.signUp(undefined, right);
});
let work: BcryptWork;
beforeEach(() => {
  work = pretendBcrypt(right);
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** A window of its own for every test that counts: a different stretch of time each. */
let windows = 0;
function ownWindow(): void {
  windows += 1;
  freezeInWindow(account.windowSeconds);
  travel(windows * accountLimitMs);
}

/** The parts of an answer that tell nothing of the request itself. */
function visible({ status, headers, body }: Answered<TokenBody>) {
  const { 'x-request-id': _, ...others } = headers;
  const { request_id: __, ...rest } = body as unknown as Record<string, unknown>;
  return { status, headers: others, body: rest };
}

describe('sign-in', () => {
  it('starts a session of its own each time (check 35)', async () => {
    const [first, second_] = await Promise.all([
      world.login(owner.email, right),
      world.login(owner.email, right),
    ]);

    const sessions = [owner, first.body, second_.body].map(
      ({ access_token }) => claimsOf(access_token).sessionId,
    );
    expect(new Set(sessions).size).toBe(3);
  });

  it('takes the right password and no other, with bcrypt itself', async () => {
    vi.restoreAllMocks();

    expect((await world.login(owner.email, right)).status).toBe(200);
    expect((await world.login(owner.email, `${right} `)).status).toBe(401);
  });

  it('finds the email in any case, also at the older address', async () => {
    const { status } = await world.send('POST', '/auth/login', {
      body: { email: ` ${owner.email.toUpperCase()}`, password: right },
      address: randomAddress(),
    });

    expect(status).toBe(200);
  });

  it('answers with tokens that nobody may store and sets no cookie (checks 25, 37)', async () => {
    const answer = await world.login(owner.email, right);

    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.headers).not.toHaveProperty('set-cookie');
    expect(answer.body).toEqual({
      access_token: expect.any(String),
      refresh_token: expect.any(String),
      token_type: 'bearer',
      expires_in: 900,
    });
  });

  it('goes to the asked tenant only if the email is a member there (check 16)', async () => {
    const own = await world.send<TokenBody>('POST', '/api/v1/auth/login', {
      body: { email: owner.email, password: right, tenant_id: owner.tenantId },
      address: randomAddress(),
    });
    const foreign = await world.send<TokenBody>('POST', '/api/v1/auth/login', {
      body: { email: owner.email, password: right, tenant_id: other.tenantId },
      address: randomAddress(),
    });

    expect(claimsOf(own.body.access_token).tenantId).toBe(owner.tenantId);
    expect(foreign).toMatchObject({ status: 401, body: { code: 'invalid_credentials' } });
  });
});

describe('a refused sign-in', () => {
  it('looks and works the same for an unknown email, a wrong password and a locked account (check 48)', async () => {
    ownWindow();
    const attempt = async (email: string, password: string, used = 0) => {
      const address = randomAddress();
      await useUp('login.account_address', `${emailHash(email)}.${address}`, used);
      work.done = [];
      const answer = await world.login(email, password, { address });
      return { answer: visible(answer), work: totalOf(work) };
    };
    const unknown = await attempt('nobody@example.com', right);
    const wrong = await attempt(owner.email, 'wrong horse battery');

    const lockedWrong = await attempt(owner.email, 'wrong horse battery', account.quota);
    const lockedRight = await attempt(owner.email, right, account.quota);

    expect(unknown.answer).toMatchObject({ status: 401, body: { code: 'invalid_credentials' } });
    expect(unknown.work).toBe(2 ** 12);
    expect(wrong).toEqual(unknown);
    expect(lockedWrong).toEqual(unknown);
    expect(lockedRight).toEqual(unknown);
  });

  it('works the same while the account is locked and its hash is of an older cost (checks 46, 48)', async () => {
    ownWindow();
    const member = await world.signUp(undefined, right);
    const old = `$2b$10$${'a'.repeat(53)}`;
    await setPasswordHash(member.email, old);
    await useUp('login.account_address', fromHere(member.email), account.quota);

    for (const password of [right, 'wrong horse battery']) {
      work.done = [];
      expect((await world.login(member.email, password, { address: here })).status).toBe(401);
      expect(totalOf(work)).toBe(2 ** 12);
    }

    expect(await passwordHashOf(member.email)).toBe(old);
  });

  it.each([
    '',
    'not a hash',
    `$2b$99$${'a'.repeat(53)}`,
    `$2b$31$${'a'.repeat(53)}`,
    '$2b$12$short',
  ])('is a 401 when the stored hash is %j (check 47)', async (hash) => {
    const member = await world.signUp(undefined, right);
    await setPasswordHash(member.email, hash);

    const answer = await world.login(member.email, right, { address: here });

    expect(answer).toMatchObject({ status: 401, body: { code: 'invalid_credentials' } });
  });
});

describe('an older hash', () => {
  it.each(['$2b$', '$2a$', '$2y$'])(
    'of cost 10 with %s is renewed once, however many sign in at once (check 46)',
    async (prefix) => {
      const member = await world.signUp(undefined, right);
      const old = `${prefix}10$${'a'.repeat(53)}`;
      await setPasswordHash(member.email, old);

      expect(
        (await world.login(member.email, 'wrong horse battery', { address: here })).status,
      ).toBe(401);
      expect(await passwordHashOf(member.email)).toBe(old);
      const answers = await Promise.all(
        [1, 2, 3].map(() => world.login(member.email, right, { address: here })),
      );

      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
      const renewed = await passwordHashOf(member.email);
      expect(renewed).toMatch(/^\$2b\$12\$/);
      expect((await world.login(member.email, right, { address: here })).status).toBe(200);
      expect(await passwordHashOf(member.email)).toBe(renewed);
    },
  );
});

describe('the limit of an account', () => {
  it('lets exactly ten of 50 parallel attempts count, the others find it locked (checks 50, 52)', async () => {
    ownWindow();

    const output = await outputOf(async () => {
      const answers = await Promise.all(
        Array.from({ length: 50 }, () =>
          world.login(owner.email, 'wrong horse battery', { address: here }),
        ),
      );
      expect(answers.map(({ status }) => status)).toEqual(new Array(50).fill(401));
    });

    const reasons = logLines(output)
      .filter(({ event }) => event === 'user.sign_in_refused')
      .map(({ reason }) => reason);
    expect(reasons.filter((reason) => reason === 'wrong_password')).toHaveLength(account.quota);
    expect(reasons.filter((reason) => reason === 'locked')).toHaveLength(50 - account.quota);
    expect(await usedOf('login.account_address', fromHere(owner.email))).toBe(account.quota);
  });

  it('refuses the right password while it is locked, and takes it in the next window (check 50)', async () => {
    ownWindow();
    await useUp('login.account_address', fromHere(owner.email), account.quota);
    const start = Date.now();

    expect((await world.login(owner.email, right, { address: here })).status).toBe(401);
    travelTo(start + accountLimitMs - 2 * second);
    expect((await world.login(owner.email, right, { address: here })).status).toBe(401);
    travelTo(start + accountLimitMs);
    expect((await world.login(owner.email, right, { address: here })).status).toBe(200);
  });

  it('is forgiven by a sign-in (check 50)', async () => {
    ownWindow();
    await useUp('login.account_address', fromHere(owner.email), account.quota - 1);

    expect((await world.login(owner.email, right, { address: here })).status).toBe(200);

    expect(await usedOf('login.account_address', fromHere(owner.email))).toBe(0);
  });

  it('locks nobody else, and does not end sessions (check 50)', async () => {
    ownWindow();
    await useUp('login.account_address', fromHere(owner.email), account.quota);

    expect((await world.login(other.email, right, { address: here })).status).toBe(200);
    const session = await world.login(other.email, right, { address: here });
    await useUp('login.account_address', fromHere(other.email), account.quota);
    expect((await world.refresh(session.body.refresh_token)).status).toBe(200);
  });

  it('counts unknown emails as well, so that a lock tells nothing (check 50)', async () => {
    ownWindow();
    await Promise.all(
      Array.from({ length: 12 }, () => world.login('nobody@example.org', right, { address: here })),
    );

    expect(await usedOf('login.account_address', fromHere('nobody@example.org'))).toBe(
      account.quota,
    );
  });
});

describe('the limit of an account from everywhere', () => {
  const { quota } = limitNamed('login.account');

  it('refuses the right password from an address that the account does not know (check 50)', async () => {
    ownWindow();
    const member = await world.signUp(undefined, right);
    await useUp('login.account', emailHash(member.email), quota - 1);

    const last = await world.login(member.email, 'wrong horse battery');
    const refused = await world.login(member.email, right);

    expect(visible(refused).body).toEqual(visible(last).body);
    expect(refused.status).toBe(401);
  });

  it('cannot lock the owner out of an address they signed in from lately (check 50)', async () => {
    ownWindow();
    const member = await world.signUp(undefined, right);
    const home = randomAddress();
    expect((await world.login(member.email, right, { address: home })).status).toBe(200);
    await useUp('login.account', emailHash(member.email), quota);
    await useUp('login.tenant', member.tenantId, limitNamed('login.tenant').quota);

    expect((await world.login(member.email, right, { address: home })).status).toBe(200);
    expect((await world.login(member.email, right)).status).toBe(401);
  });

  it('forgets an address after 30 days', async () => {
    ownWindow();
    const member = await world.signUp(undefined, right);
    const home = randomAddress();
    await world.login(member.email, right, { address: home });
    travel(30 * 86_400 * second + second);
    await useUp('login.account', emailHash(member.email), quota);

    expect((await world.login(member.email, right, { address: home })).status).toBe(401);
  });

  it('is not used up by one address, however often it tries (check 50)', async () => {
    ownWindow();
    const member = await world.signUp(undefined, right);
    const attacker = randomAddress();

    await Promise.all(
      Array.from({ length: 50 }, () =>
        world.login(member.email, 'wrong horse battery', { address: attacker }),
      ),
    );

    expect(await usedOf('login.account', emailHash(member.email))).toBe(account.quota);
    expect((await world.login(member.email, right)).status).toBe(200);
  });
});

describe('the limit of an address', () => {
  const { quota } = limitNamed('login.address');
  const attempts = (count: number, address: (index: number) => string, headers = {}) =>
    Promise.all(
      Array.from({ length: count }, (_, index) =>
        world.login(`nobody-${index}@example.com`, right, { address: address(index), headers }),
      ),
    );
  const refusedOf = (answers: Answered[]) => answers.filter(({ status }) => status === 429);

  it('is exact under parallel attempts, and counts before any hashing (checks 50, 52, 74)', async () => {
    ownWindow();
    const address = randomAddress();

    const answers = await attempts(quota + 20, () => address);

    const refused = refusedOf(answers);
    expect(refused).toHaveLength(20);
    expect(work.done).toHaveLength(quota);
    for (const { headers, body } of refused) {
      expect(body).toMatchObject({ code: 'rate_limited', status: 429 });
      expect(Number(headers['retry-after'])).toBeGreaterThan(0);
      expect(Number(headers['retry-after'])).toBeLessThanOrEqual(300);
      expect(headers['ratelimit-policy']).toBe('"login.address";q=60;w=300');
      expect(headers.ratelimit).toBe(`"login.address";r=0;t=${headers['retry-after']}`);
    }
    const remaining = answers
      .filter(({ status }) => status === 401)
      .map(({ headers }) => Number(/r=(\d+)/.exec(headers.ratelimit ?? '')?.[1]));
    expect(remaining.toSorted((a, b) => a - b)).toEqual(Array.from({ length: quota }, (_, i) => i));
    travel(Number(refused[0]?.headers['retry-after']) * second);
    expect(refusedOf(await attempts(1, () => address))).toHaveLength(0);
  });

  it('does not believe X-Forwarded-For and its like (check 51)', async () => {
    ownWindow();
    const address = randomAddress();
    const spoofed = () => ({
      'X-Forwarded-For': randomAddress(),
      'X-Real-IP': randomAddress(),
      'CF-Connecting-IP': randomAddress(),
      'True-Client-IP': randomAddress(),
      Forwarded: `for=${randomAddress()}`,
    });
    await attempts(quota, () => address);

    const answers = await Promise.all(
      Array.from({ length: 5 }, () =>
        world.login('nobody@example.net', right, { address, headers: spoofed() }),
      ),
    );

    expect(refusedOf(answers)).toHaveLength(5);
  });

  it('takes a /64 of IPv6 for one address (check 50)', async () => {
    ownWindow();
    const hex = (index: number) => (index + 1).toString(16);
    await attempts(quota, (index) => `2001:db8:5:7:${hex(index)}::${hex(index)}`);

    expect(refusedOf(await attempts(3, (index) => `2001:DB8:5:7::${hex(index)}`))).toHaveLength(3);
    expect(refusedOf(await attempts(3, (index) => `2001:db8:5:8::${hex(index)}`))).toHaveLength(0);
  });
});

describe('the limit of a tenant', () => {
  it('ends in the same answer as a wrong password, for the right one too (check 50)', async () => {
    ownWindow();
    const { quota, windowSeconds } = limitNamed('login.tenant');
    await useUp('login.tenant', owner.tenantId, quota - 1);

    const last = await world.login(owner.email, 'wrong horse battery');
    const refused = await world.login(owner.email, right);

    expect(visible(refused)).toEqual(visible(last));
    expect(refused.status).toBe(401);
    expect((await world.login(other.email, right)).status).toBe(200);
    travel(windowSeconds * second);
    expect((await world.login(owner.email, right)).status).toBe(200);
  });

  it('leaves no session of the refused sign-in behind', async () => {
    ownWindow();
    await useUp('login.tenant', owner.tenantId, limitNamed('login.tenant').quota);
    const sessions = async () =>
      (await allItems()).filter(({ sk }) => String(sk).startsWith('SESSION#')).length;
    const before = await sessions();

    expect((await world.login(owner.email, right)).status).toBe(401);

    expect(await sessions()).toBe(before);
  });
});
