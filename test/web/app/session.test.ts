import { beforeEach, describe, expect, test, vi } from 'vitest';
import { ApiError, SessionEndedError } from '../../../web/app/problem.ts';
import {
  createSession,
  type Session,
  type TabStorage,
  type Tokens,
} from '../../../web/app/session.ts';

const unauthorized = () => new ApiError('unauthorized', 401, 'A valid access token is required.');
const tokens = (name: string): Tokens => ({
  access_token: `access-${name}`,
  refresh_token: `refresh-${name}`,
});

let storage: TabStorage;
let exchange: ReturnType<typeof vi.fn<(refreshToken: string) => Promise<Tokens>>>;
let onEnd: ReturnType<typeof vi.fn<(reason: string) => void>>;
let session: Session;

beforeEach(() => {
  const items = new Map<string, string>();
  storage = {
    getItem: (name) => items.get(name) ?? null,
    setItem: (name, value) => void items.set(name, value),
    removeItem: (name) => void items.delete(name),
  };
  exchange = vi.fn(async (refreshToken) => tokens(`after-${refreshToken}`));
  onEnd = vi.fn();
  session = createSession({ storage, exchange, onEnd });
});

/** An API that takes one access token only. */
const accepting = (token: string) => async (given: string) => {
  if (given !== token) throw unauthorized();
  return `served ${given}`;
};

describe('a session', () => {
  test('sends the access token that it was opened with', async () => {
    session.open(tokens('a'));

    expect(await session.run(accepting('access-a'))).toBe('served access-a');
    expect(exchange).not.toHaveBeenCalled();
  });

  test('keeps the access token out of the storage', () => {
    session.open(tokens('a'));

    expect(storage.getItem('refresh_token')).toBe('refresh-a');
    expect(session.isOpen()).toBe(true);
    expect(JSON.stringify(storage.getItem('access_token'))).toBe('null');
  });

  test('renews the token once for requests that fail together', async () => {
    session.open(tokens('a'));
    const api = accepting('access-after-refresh-a');

    const answers = await Promise.all([session.run(api), session.run(api), session.run(api)]);

    expect(new Set(answers)).toEqual(new Set(['served access-after-refresh-a']));
    expect(exchange.mock.calls).toEqual([['refresh-a']]);
    expect(storage.getItem('refresh_token')).toBe('refresh-after-refresh-a');
  });

  test('does not renew again for a request that failed before the renewal', async () => {
    session.open(tokens('a'));
    const slow = Promise.withResolvers<void>();
    const late = session.run(async (token) => {
      if (token === 'access-a') await slow.promise;
      return accepting('access-after-refresh-a')(token);
    });

    await session.run(accepting('access-after-refresh-a'));
    slow.resolve();

    expect(await late).toBe('served access-after-refresh-a');
    expect(exchange).toHaveBeenCalledTimes(1);
  });

  test('takes up after a reload with the refresh token alone', async () => {
    storage.setItem('refresh_token', 'refresh-a');

    expect(await session.run(accepting('access-after-refresh-a'))).toMatch(/^served/);
  });

  test('ends when its refresh token is refused', async () => {
    session.open(tokens('a'));
    exchange.mockRejectedValue(new ApiError('invalid_refresh_token', 401, 'Spent.'));

    await expect(session.run(accepting('another'))).rejects.toThrow(SessionEndedError);

    expect(session.isOpen()).toBe(false);
    expect(onEnd.mock.calls).toEqual([['Your session has expired. Sign in again.']]);
  });

  test('ends with the reason when the tenant is suspended', async () => {
    session.open(tokens('a'));
    exchange.mockRejectedValue(
      new ApiError('tenant_suspended', 403, 'The subscription has ended.'),
    );

    await expect(session.run(accepting('another'))).rejects.toThrow(SessionEndedError);

    expect(onEnd).toHaveBeenCalledExactlyOnceWith('The subscription has ended.');
  });

  test('ends when even a fresh token is refused', async () => {
    session.open(tokens('a'));

    await expect(session.run(accepting('none'))).rejects.toThrow(SessionEndedError);

    expect(exchange).toHaveBeenCalledTimes(1);
    expect(session.isOpen()).toBe(false);
  });

  test('outlives a service that does not answer', async () => {
    session.open(tokens('a'));
    exchange.mockRejectedValueOnce(new ApiError('unreachable', 0, 'The service did not answer.'));

    await expect(session.run(accepting('another'))).rejects.toThrow('did not answer');

    expect(storage.getItem('refresh_token')).toBe('refresh-a');
    expect(onEnd).not.toHaveBeenCalled();
    expect(await session.run(accepting('access-after-refresh-a'))).toMatch(/^served/);
  });

  test('stays closed when it is closed while a renewal is on its way', async () => {
    session.open(tokens('a'));
    const answer = Promise.withResolvers<Tokens>();
    exchange.mockReturnValue(answer.promise);
    const running = session.run(accepting('access-b'));
    await vi.waitFor(() => expect(exchange).toHaveBeenCalled());

    session.close();
    answer.resolve(tokens('b'));

    await expect(running).rejects.toThrow(SessionEndedError);
    expect(session.isOpen()).toBe(false);
    expect(onEnd).not.toHaveBeenCalled();
  });

  test('passes other failures on untouched', async () => {
    session.open(tokens('a'));
    const refused = new ApiError('forbidden', 403, 'Your role does not allow this.');

    await expect(session.run(() => Promise.reject(refused))).rejects.toBe(refused);
  });

  test('knows the role and the tenant of its access token', () => {
    const payload = Buffer.from(JSON.stringify({ role: 'admin', tenant_id: 'tnt_1', sub: '>>??' }));
    session.open({ access_token: `h.${payload.toString('base64url')}.s`, refresh_token: 'r' });

    expect(session.claims()).toMatchObject({ role: 'admin', tenant_id: 'tnt_1' });
  });
});
