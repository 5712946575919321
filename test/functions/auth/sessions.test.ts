import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { pretendBcrypt } from '../../../harness/bcrypt.ts';
import { day, minute, travel } from '../../../harness/clock.ts';
import { sessionItem, setRole, setTenantStatus } from '../../../harness/items.ts';
import { logLines, outputOf } from '../../../harness/output.ts';
import { type Member, type TokenBody, useWorld } from '../../../harness/world.ts';
import { identityKeys } from '../../../shared/identity/keys.ts';
import {
  formatRefreshToken,
  newSecret,
  parseRefreshToken,
} from '../../../shared/identity/refresh-tokens.ts';
import { tenantKeys } from '../../../shared/tenants/keys.ts';

const world = useWorld();
beforeAll(() => {
  pretendBcrypt('correct horse battery');
});
afterAll(() => {
  vi.restoreAllMocks();
});

describe('refresh', () => {
  it('returns a new refresh token each time (check 20)', async () => {
    const owner = await world.signUp();

    const first = await world.refresh(owner.refresh_token);
    const second = await world.refresh(first.body.refresh_token);

    expect(first.status).toBe(200);
    expect(second.status).toBe(200);
    expect(new Set([owner, first.body, second.body].map((t) => t.refresh_token)).size).toBe(3);
  });

  it('returns the same successor to a retry within the grace (checks 22, 23)', async () => {
    const owner = await world.signUp();

    const answers = await Promise.all(
      Array.from({ length: 50 }, () => world.refresh(owner.refresh_token)),
    );

    expect(answers.map(({ status }) => status)).toEqual(new Array(50).fill(200));
    expect(new Set(answers.map(({ body }) => body.refresh_token)).size).toBe(1);
    const [any] = answers;
    expect((await world.refresh(any?.body.refresh_token ?? '')).status).toBe(200);
  });

  it('revokes the family when a spent token comes after the grace, and no other (check 21)', async () => {
    const owner = await world.signUp();
    const other = await world.login(owner.email, owner.password);
    const newest = await world.refresh(owner.refresh_token);
    travel(10_001);

    const replay = await world.refresh(owner.refresh_token);

    expect(replay).toMatchObject({ status: 401, body: { code: 'invalid_refresh_token' } });
    expect((await world.refresh(newest.body.refresh_token)).status).toBe(401);
    expect((await world.refresh(other.body.refresh_token)).status).toBe(200);
  });

  it('still takes the spent token for a retry at the very end of the grace', async () => {
    const owner = await world.signUp();
    travel(0);
    const newest = await world.refresh(owner.refresh_token);
    travel(10_000);

    const retry = await world.refresh(owner.refresh_token);

    expect(retry.body.refresh_token).toBe(newest.body.refresh_token);
  });

  it('takes a token two generations old for theft even inside the grace (check 24)', async () => {
    const owner = await world.signUp();
    const second = await world.refresh(owner.refresh_token);
    const third = await world.refresh(second.body.refresh_token);

    const replay = await world.refresh(owner.refresh_token);

    expect(replay.status).toBe(401);
    expect((await world.refresh(third.body.refresh_token)).status).toBe(401);
  });

  it('does not let a made-up token end a session that it names', async () => {
    const owner = await world.signUp();
    const token = parseRefreshToken(owner.refresh_token);
    if (!token) throw new Error('not a refresh token');
    const forged = formatRefreshToken({ ...token, family: newSecret(), generation: newSecret() });

    expect((await world.refresh(forged)).status).toBe(401);
    expect((await world.refresh(owner.refresh_token)).status).toBe(200);
  });

  it('ends 30 days after sign-in however often it was refreshed (checks 27, 29)', async () => {
    const owner = await world.signUp();
    let newest: TokenBody = owner;
    for (let week = 1; week <= 4; week += 1) {
      travel(7 * day);
      const answer = await world.refresh(newest.refresh_token);
      expect(answer.status).toBe(200);
      newest = answer.body;
    }

    travel(2 * day);

    expect((await world.refresh(newest.refresh_token)).status).toBe(401);
    // DynamoDB may take days to delete it: the clock refuses it, not its absence.
    expect(await sessionItem(owner)).toBeDefined();
  });

  it('has no idle timeout, as documented: unused for 29 days a session still lives (check 28)', async () => {
    const owner = await world.signUp();
    travel(29 * day);

    const late = await world.refresh(owner.refresh_token);
    expect(late.status).toBe(200);
    travel(day + minute);
    expect((await world.refresh(late.body.refresh_token)).status).toBe(401);
  });

  it('sets and deletes no cookie, won or lost, and nobody may store its answer (checks 25, 37)', async () => {
    const owner = await world.signUp();
    const won = await world.refresh(owner.refresh_token);
    travel(10_001);
    const lost = await world.refresh(owner.refresh_token);

    expect([won.status, lost.status]).toEqual([200, 401]);
    for (const { headers } of [won, lost]) {
      expect(headers).not.toHaveProperty('set-cookie');
      expect(headers['cache-control']).toBe('no-store');
    }
  });

  it('tells of a token that was used twice, by its session (checks 21, 80)', async () => {
    const owner = await world.signUp();
    await world.refresh(owner.refresh_token);
    travel(10_001);

    const output = await outputOf(() => world.refresh(owner.refresh_token));

    expect(logLines(output)).toContainEqual(
      expect.objectContaining({
        event: 'session.token_reused',
        tenant_id: owner.tenantId,
        user_id: owner.userId,
        subject: owner.sessionId,
      }),
    );
    expect(logLines(output)).toContainEqual(expect.objectContaining({ RefreshTokenReused: 1 }));
  });

  it('of a member or tenant that is gone is refused (checks 32, 34)', async () => {
    const [{ deleteItem }] = await Promise.all([import('../../../shared/table/table.ts')]);
    for (const key of [
      ({ tenantId, userId }: Member) => identityKeys.member(tenantId, userId),
      ({ tenantId }: Member) => tenantKeys.tenant(tenantId),
    ]) {
      const owner = await world.signUp();
      await deleteItem({ Key: key(owner) });

      const answer = await world.refresh(owner.refresh_token);

      expect(answer).toMatchObject({ status: 401, body: { code: 'invalid_refresh_token' } });
    }
  });

  it('is refused to a tenant that was suspended, at once', async () => {
    const owner = await world.signUp();
    await setTenantStatus(owner, 'SUSPENDED');

    const refused = await world.refresh(owner.refresh_token);

    expect(refused).toMatchObject({ status: 403, body: { code: 'tenant_suspended' } });
  });

  it('carries a changed role at once (check 32)', async () => {
    const owner = await world.signUp();
    await setRole(owner, 'viewer');

    const answer = await world.refresh(owner.refresh_token);

    const claims = JSON.parse(
      Buffer.from(answer.body.access_token.split('.')[1] ?? '', 'base64url').toString(),
    );
    expect(claims.role).toBe('viewer');
  });

  it('does not move a session to another tenant (check 36)', async () => {
    const owner = await world.signUp();
    const stranger = await world.signUp();
    const moved = owner.refresh_token.replace(owner.tenantId, stranger.tenantId);

    expect((await world.refresh(moved)).status).toBe(401);
    expect((await world.refresh(owner.refresh_token)).status).toBe(200);
  });

  it('keeps only hashes: nothing in the table gives a token away (check 26)', async () => {
    const owner = await world.signUp();
    await world.refresh(owner.refresh_token);
    const token = parseRefreshToken(owner.refresh_token);

    const stored = JSON.stringify(await sessionItem(owner));

    expect(Buffer.from(token?.generation ?? '', 'base64url').length).toBe(32);
    expect(stored).not.toContain(token?.generation);
    expect(stored).not.toContain(token?.family);
  });
});

describe('logout', () => {
  it('ends the sessions of the caller alone, not those of another tenant', async () => {
    const [a, b] = [await world.signUp(), await world.signUp()];
    const session = await world.login(a.email, a.password);
    await world.send('POST', '/api/v1/auth/logout', { token: session.body.access_token });

    expect((await world.refresh(b.refresh_token)).status).toBe(200);
    expect((await world.refresh(session.body.refresh_token)).status).toBe(401);
  });

  it('ends every session of the user at once on refresh and within a minute elsewhere (check 30)', async () => {
    const owner = await world.signUp();
    const other = await world.login(owner.email, owner.password);
    expect(
      (await world.send('GET', '/api/v1/tenants/me', { token: owner.access_token })).status,
    ).toBe(200);

    const answer = await world.send('POST', '/api/v1/auth/logout', { token: owner.access_token });

    expect(answer).toMatchObject({ status: 200, body: { message: 'Logged out successfully' } });
    expect((await world.refresh(owner.refresh_token)).status).toBe(401);
    expect((await world.refresh(other.body.refresh_token)).status).toBe(401);
    travel(minute / 2);
    for (const token of [owner.access_token, other.body.access_token]) {
      const refused = await world.send('GET', '/api/v1/tenants/me', { token });
      expect(refused).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
      expect(refused.headers['www-authenticate']).toContain('Bearer');
    }
  });

  it('does not end the session of a later sign-in (check 35)', async () => {
    const owner = await world.signUp();
    await world.send('POST', '/api/v1/auth/logout', { token: owner.access_token });

    const again = await world.login(owner.email, owner.password);

    expect(again.status).toBe(200);
    expect((await world.refresh(again.body.refresh_token)).status).toBe(200);
  });
});
