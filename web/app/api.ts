import type * as z from 'zod';
import type * as apiKeys from '../../shared/api-keys/contract.ts';
import type * as credentials from '../../shared/channels/contract.ts';
import type { Endpoint } from '../../shared/contract/endpoint.ts';
import type { TenantId, TenantStatus, TokenResponse } from '../../shared/contract/schemas.ts';
import type * as auth from '../../shared/identity/contract.ts';
import type * as marketplace from '../../shared/marketplace/contract.ts';
import type * as tenants from '../../shared/tenants/contract.ts';
import { type Call, send } from './http.ts';
import type { Session } from './session.ts';

/*
 * Only types come from the contract, so neither zod nor the contract is in the browser's bundle.
 * `satisfies` and a test hold the values below against the contract's entries.
 */
export const calls = {
  login: { id: 'auth/login', method: 'POST', path: '/api/v1/auth/login' },
  register: { id: 'auth/register', method: 'POST', path: '/api/v1/auth/register' },
  refresh: { id: 'auth/refresh', method: 'POST', path: '/api/v1/auth/refresh' },
  logout: { id: 'auth/logout', method: 'POST', path: '/api/v1/auth/logout' },
  completeProfile: {
    id: 'marketplace/complete-profile',
    method: 'POST',
    path: '/marketplace/complete-profile',
  },
  getMyTenant: { id: 'tenants/get-mine', method: 'GET', path: '/api/v1/tenants/me' },
  listApiKeys: { id: 'api-keys/list', method: 'GET', path: '/api/v1/api-keys' },
  createApiKey: { id: 'api-keys/create', method: 'POST', path: '/api/v1/api-keys' },
  deleteApiKey: { id: 'api-keys/delete', method: 'DELETE', path: '/api/v1/api-keys/{id}' },
  getCredentials: {
    id: 'channels/get-credentials',
    method: 'GET',
    path: '/api/v1/tenants/me/credentials',
  },
  updateCredentials: {
    id: 'channels/update-credentials',
    method: 'PATCH',
    path: '/api/v1/tenants/me/credentials',
  },
  deleteCredentials: {
    id: 'channels/delete-credentials',
    method: 'DELETE',
    path: '/api/v1/tenants/me/credentials',
  },
} as const satisfies Record<string, Call>;

/** The body that an endpoint of the contract accepts. */
export type BodyOf<E extends Endpoint> = z.input<NonNullable<E['body']>>;

/** The query of an endpoint. It coerces text, so what a caller means is what comes out of it. */
export type QueryOf<E extends Endpoint> = Partial<z.output<NonNullable<E['query']>>>;

export type TokenPair = z.output<typeof TokenResponse>;
export type CompletedProfile = TokenPair & {
  tenant_id: z.output<typeof TenantId>;
  status: z.output<typeof TenantStatus>;
};
export type Tenant = z.output<typeof tenants.Tenant>;
export type ApiKey = z.output<typeof apiKeys.ApiKey>;
export type CreatedApiKey = ApiKey & { key: string };
export type SavedCredentials = z.output<typeof credentials.SavedCredentials>;

export type Api = ReturnType<typeof createApi>;

/** Exchanges a refresh token; the session calls it. */
export function refresh(refreshToken: string): Promise<TokenPair> {
  const body: BodyOf<typeof auth.refresh> = { refresh_token: refreshToken };
  return send<TokenPair>(calls.refresh, { body });
}

/** The endpoints that the pages of the core call. */
export function createApi(session: Session) {
  return {
    login: (body: BodyOf<typeof auth.login>) => send<TokenPair>(calls.login, { body }),
    register: (body: BodyOf<typeof auth.register>) => send<TokenPair>(calls.register, { body }),
    completeProfile: (body: BodyOf<typeof marketplace.completeProfile>) =>
      send<CompletedProfile>(calls.completeProfile, { body }),
    logout: () => session.run((token) => send<{ message: string }>(calls.logout, {}, token)),
    getMyTenant: () => session.run((token) => send<Tenant>(calls.getMyTenant, {}, token)),
    listApiKeys: () =>
      session.run((token) => send<{ items: ApiKey[] }>(calls.listApiKeys, {}, token)),
    createApiKey: (body: BodyOf<typeof apiKeys.createApiKey>) =>
      session.run((token) => send<CreatedApiKey>(calls.createApiKey, { body }, token)),
    deleteApiKey: (id: string) =>
      session.run((token) => send<void>(calls.deleteApiKey, { path: { id } }, token)),
    getCredentials: (signal: AbortSignal) =>
      session.run((token) =>
        send<{ items: SavedCredentials[] }>(calls.getCredentials, { signal }, token),
      ),
    updateCredentials: (body: BodyOf<typeof credentials.updateCredentials>) =>
      session.run((token) =>
        send<{ items: SavedCredentials[] }>(calls.updateCredentials, { body }, token),
      ),
    deleteCredentials: (query: QueryOf<typeof credentials.deleteCredentials>) =>
      session.run((token) => send<void>(calls.deleteCredentials, { query }, token)),
  };
}
