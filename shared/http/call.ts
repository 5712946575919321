import type * as z from 'zod';
import type { Access, Endpoint } from '../contract/endpoint.ts';
import type { Principal } from '../identity/access-tokens.ts';
import type { TenantItem } from '../tenants/items.ts';
import type { Client } from './client.ts';

/** An API key that was presented and is good. */
export interface ApiKeyPrincipal {
  tenantId: string;
  apiKeyId: string;
}

/** The plan of the caller's tenant: it may be known only once the caller's standing is. */
interface Subscriber {
  plan: () => Promise<TenantItem['plan']>;
}

type Caller<A extends Access> = A extends { kind: 'bearer' }
  ? Principal & Subscriber
  : A extends { kind: 'apiKey' }
    ? ApiKeyPrincipal & Subscriber
    : unknown;

type Output<S> = S extends z.ZodType ? z.output<S> : undefined;

/** What a handler gets: the validated input, and who calls. */
export type Call<E extends Endpoint> = Caller<E['access']> & {
  body: Output<E['body']>;
  query: Output<E['query']>;
  path: Output<E['path']>;
  client: Client;
  /** The caller is a browser that would rather get a page. */
  wantsPage: boolean;
};
