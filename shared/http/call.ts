import type * as z from 'zod/mini';
import type { ServedEndpoint } from '../contract/endpoint.ts';
import type { Principal } from '../identity/access-tokens.ts';
import type { TenantItem } from '../tenants/items.ts';
import type { Client } from './client.ts';

/** An API key that was presented and is good. */
export interface ApiKeyPrincipal {
  tenantId: string;
  apiKeyId: string;
}

type Plan = TenantItem['plan'];

/** The plan of the caller's tenant. Whoever reads ahead of the authorization has to wait for it. */
type Subscriber<E> = { plan: E extends { readsAhead: true } ? () => Promise<Plan> : Plan };

type Caller<E extends ServedEndpoint> = E['access'] extends { kind: 'bearer' }
  ? Principal & Subscriber<E>
  : E['access'] extends { kind: 'apiKey' }
    ? ApiKeyPrincipal & Subscriber<E>
    : unknown;

type Output<S> = S extends z.ZodMiniType ? z.output<S> : undefined;

/** What a handler gets: the validated input, and who calls. */
export type Call<E extends ServedEndpoint> = Caller<E> & {
  body: Output<E['body']>;
  query: Output<E['query']>;
  path: Output<E['path']>;
  client: Client;
  /** The caller is a browser that would rather get a page. */
  wantsPage: boolean;
};
