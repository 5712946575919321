import type * as z from 'zod/mini';
import type { Role } from '../../shared/contract/endpoint.ts';
import type { TokenResponse } from '../../shared/contract/schemas.ts';
import { ApiError, explain, SessionEndedError } from './problem.ts';

export type Tokens = Pick<z.output<typeof TokenResponse>, 'access_token' | 'refresh_token'>;

export interface Claims {
  readonly tenant_id: string;
  readonly role: Role;
}

export interface Session {
  /** Whether this tab has a session. */
  isOpen(): boolean;
  open(tokens: Tokens): void;
  /** Forgets the tokens. With a reason, listeners learn that the session is over. */
  close(reason?: string): void;
  /** Who the access token is for, once there is one. Only the API decides what they may do. */
  claims(): Claims | undefined;
  /** Runs a request with a valid access token, which it renews once when the API answers 401. */
  run<R>(request: (accessToken: string) => Promise<R>): Promise<R>;
}

export type TabStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

export interface SessionOptions {
  readonly storage: TabStorage;
  /** Exchanges a refresh token for new tokens. */
  readonly exchange: (refreshToken: string) => Promise<Tokens>;
  readonly onEnd: (reason: string) => void;
}

/*
 * The access token lives in memory only. The refresh token must survive a reload, so it lies in
 * sessionStorage: it never leaves the tab, goes with it, and no other origin can make the browser
 * send it. A cookie would be sent by itself, and would need the CSRF defences of a cookie mode.
 * What sessionStorage lacks, safety from script of our own origin, the Content-Security-Policy
 * gives: only files of this site run here. A stolen token is worth one use: the next one by its
 * owner revokes the whole session.
 */
const refreshTokenKey = 'refresh_token';
const expired = 'Your session has expired. Sign in again.';

/** The signed-in user of this tab. */
export function createSession({ storage, exchange, onEnd }: SessionOptions): Session {
  let accessToken: string | undefined;
  let renewal: Promise<string> | undefined;

  const session: Session = {
    isOpen: () => storage.getItem(refreshTokenKey) !== null,
    open(tokens) {
      accessToken = tokens.access_token;
      storage.setItem(refreshTokenKey, tokens.refresh_token);
    },
    close(reason) {
      accessToken = undefined;
      renewal = undefined;
      storage.removeItem(refreshTokenKey);
      if (reason !== undefined) onEnd(reason);
    },
    claims: () => readClaims(accessToken),
    async run(request) {
      const token = accessToken ?? (await renew());
      try {
        return await request(token);
      } catch (error) {
        if (!isUnauthorized(error)) throw error;
      }
      // Another request may have renewed it: then its token serves this one too.
      const next = accessToken && accessToken !== token ? accessToken : await renew();
      try {
        return await request(next);
      } catch (error) {
        if (!isUnauthorized(error)) throw error;
        throw end(expired);
      }
    },
  };

  /** One exchange at a time: a refresh token works once. */
  function renew(): Promise<string> {
    if (renewal) return renewal;
    const current = exchangeNow().finally(() => {
      if (renewal === current) renewal = undefined;
    });
    renewal = current;
    return current;
  }

  async function exchangeNow(): Promise<string> {
    const spent = storage.getItem(refreshTokenKey);
    // No access token either: it was closed on purpose, and no answer is expected.
    if (spent === null) throw accessToken === undefined ? new SessionEndedError() : end(expired);
    try {
      const tokens = await exchange(spent);
      // Signed out, or in as another user, while the answer was on its way: that is kept.
      if (storage.getItem(refreshTokenKey) !== spent) throw new SessionEndedError();
      session.open(tokens);
      return tokens.access_token;
    } catch (error) {
      if (isUnauthorized(error)) throw end(expired);
      if (error instanceof ApiError && error.status === 403) throw end(explain(error));
      throw error;
    }
  }

  function end(reason: string): SessionEndedError {
    session.close(reason);
    return new SessionEndedError(reason);
  }

  return session;
}

/**
 * Duplicating a tab copies its sessionStorage, and two tabs that spend one refresh token look like
 * a theft to the API. So the tab that holds the lock owns the token; a copy forgets it and signs in
 * for itself. Browsers offer locks only on https and localhost: elsewhere nothing is claimed.
 */
export async function claimTab(storage: TabStorage, locks: LockManager | undefined): Promise<void> {
  if (!locks) return;
  const known = storage.getItem('tab');
  // A tab that reloads may have to wait for the lock of the page it replaces.
  if (known !== null && (await hold(locks, known, AbortSignal.timeout(1500)))) return;
  storage.removeItem(refreshTokenKey);
  const fresh = crypto.randomUUID();
  storage.setItem('tab', fresh);
  await hold(locks, fresh, AbortSignal.timeout(1500));
}

/** The tab's sessionStorage, or a fake that forgets on reload where the browser denies it. */
export function tabStorage(): TabStorage {
  try {
    return sessionStorage;
  } catch {
    const items = new Map<string, string>();
    return {
      getItem: (name) => items.get(name) ?? null,
      setItem: (name, value) => void items.set(name, value),
      removeItem: (name) => void items.delete(name),
    };
  }
}

/** Takes a lock until the page goes away; false if another tab keeps it until the signal. */
function hold(locks: LockManager, name: string, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const untilUnload = new Promise<never>(() => {});
    locks
      .request(name, { signal }, () => {
        resolve(true);
        return untilUnload;
      })
      .catch(() => resolve(false));
  });
}

function isUnauthorized(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401;
}

function readClaims(token: string | undefined): Claims | undefined {
  const payload = token?.split('.')[1];
  if (payload === undefined) return undefined;
  return JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/')));
}
