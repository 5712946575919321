import { createApiKey } from '../shared/api-keys/contract.ts';
import { type Endpoint, gatewayPaths } from '../shared/contract/endpoint.ts';
import { login, register } from '../shared/identity/contract.ts';
import type { RequestTo } from './samples.ts';

/** A request, and what opens the endpoint for it. */
export interface Authorized extends RequestTo {
  readonly token?: string | undefined;
  readonly apiKey?: string | undefined;
}

/** Where requests go: a world of tests, or the surroundings of a benchmark. */
export interface Stage {
  send(endpoint: Endpoint, request: Authorized): Promise<{ status: number; body: unknown }>;
  /** A registration token of a new purchase, as AWS Marketplace sends buyers with. */
  purchase(): string;
  /** What the fakes of a feature are held by, by feature. */
  readonly handles: Readonly<Record<string, unknown>>;
}

/** A tenant of a test's own, and its owner, who calls the product. */
export interface Tenant {
  readonly tenantId: string;
  readonly userId: string;
  readonly email: string;
  readonly password: string;
  readonly token: string;
  readonly refreshToken: string;
  readonly stage: Stage;
  /** What opens the endpoint: an access token, or an API key with its scope. */
  credentialsFor(endpoint: Endpoint): Promise<Pick<Authorized, 'token' | 'apiKey'>>;
  /** Calls an endpoint as the owner, or with an API key. Throws unless it succeeds. */
  call<T = unknown>(endpoint: Endpoint, request?: RequestTo): Promise<T>;
  /** An access token of a new session, which no container knows yet. */
  signIn(): Promise<string>;
}

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

/** A password that sign-up takes. */
export const password = 'correct horse battery';

/** An email address that nothing else in this process has. */
export const newEmail = (): string => `sample-${newSuffix()}@example.com`;

let serial = 0;
/** A word that nothing else in this process has. */
export const newSuffix = (): string => `${Date.now().toString(36)}-${++serial}`;

/** Signs up a tenant. */
export async function newTenant(stage: Stage): Promise<Tenant> {
  const email = newEmail();
  const keys = new Map<string, Promise<string>>();
  const must = async <T>(endpoint: Endpoint, request: Authorized): Promise<T> => {
    const { status, body } = await stage.send(endpoint, request);
    if (status >= 400)
      throw new Error(`${endpoint.id} answered ${status}: ${JSON.stringify(body)}`);
    return body as T;
  };
  const body = { email, password, company_name: 'Example Ltd' };
  const tokens = await must<Tokens>(register, { body });
  const token = tokens.access_token;

  const credentialsFor: Tenant['credentialsFor'] = async ({ access }) => {
    if (access.kind === 'bearer') return { token };
    if (access.kind !== 'apiKey') return {};
    const scope = access.scope.name;
    const created =
      keys.get(scope) ??
      must<{ key: string }>(createApiKey, { token, body: { name: scope, scopes: [scope] } }).then(
        ({ key }) => key,
      );
    keys.set(scope, created);
    return { apiKey: await created };
  };
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  return {
    tenantId: claims.tenant_id,
    userId: claims.sub,
    email,
    password,
    token,
    refreshToken: tokens.refresh_token,
    stage,
    credentialsFor,
    call: async (endpoint, request = {}) =>
      must(endpoint, { ...request, ...(await credentialsFor(endpoint)) }),
    signIn: async () => (await must<Tokens>(login, { body: { email, password } })).access_token,
  };
}

/** The preferred path of an endpoint with the parameters in it. */
export const pathOf = (endpoint: Endpoint, parameters: unknown = {}): string =>
  (gatewayPaths(endpoint)[0] ?? '').replace(/\{(\w+)\}/g, (_, name) =>
    encodeURIComponent((parameters as Record<string, string>)[name] ?? ''),
  );
