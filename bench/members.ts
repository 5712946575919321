import { randomUUID } from 'node:crypto';
import { type Authorizer, authorize, call, loadSource, type Principal } from './product.ts';

export interface TokenBody {
  access_token: string;
  refresh_token: string;
}

/** A signed-up owner of a tenant of their own. */
export interface Member extends TokenBody {
  email: string;
  password: string;
  tenantId: string;
  /** What API Gateway would hand to functions for the access token. */
  principal: Principal;
}

/** Signs up a new owner through the product's own functions, with the bundled or the given address. */
export async function newMember(): Promise<Member> {
  const email = `${randomUUID()}@example.com`;
  const password = 'correct horse battery';
  const body = { email, password, company_name: 'Example Ltd' };
  const tokens = await call<TokenBody>(await loadSource('auth/register'), 'auth/register', {
    body,
  });
  return { email, password, ...tokens, ...(await principalOf(tokens)) };
}

/** The same owner in a new session. */
export async function signInAgain({ email, password }: Member): Promise<Member> {
  const body = { email, password };
  const tokens = await call<TokenBody>(await loadSource('auth/login'), 'auth/login', { body });
  return { email, password, ...tokens, ...(await principalOf(tokens)) };
}

async function principalOf({ access_token }: TokenBody) {
  const authorizer = await loadSource<Authorizer>('authorizer');
  const principal = await authorize(authorizer, access_token);
  return { principal, tenantId: String(principal.tenant_id) };
}
