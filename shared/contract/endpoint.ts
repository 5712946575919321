import type * as z from 'zod/mini';
import type { ApiKeyScope } from '../api-keys/scopes.ts';
import { userPartition } from '../identity/keys.ts';
import type { KeyFamily, TableAction } from '../table/family.ts';
import { tenantPartition } from '../tenants/keys.ts';
import type { AuditKind } from './audit.ts';
import type { Bucket, BucketAction } from './buckets.ts';
import type { ErrorKind } from './errors.ts';
import type { EventKind } from './events.ts';
import type { Limit } from './limits.ts';
import type { MailKind } from './mails.ts';
import type { MessageQueue } from './queues.ts';
import type { KmsAction, KmsKey, Secret } from './secrets.ts';
import type { Setting } from './settings.ts';

export const roles = ['owner', 'admin', 'user', 'viewer'] as const;
export type Role = (typeof roles)[number];

/** DynamoDB actions on families of partition keys. */
export type TableAccess = readonly (readonly [KeyFamily, readonly TableAction[]])[];

/** Packages of which a part is compiled for a processor. */
export type NativePackage = '@node-rs/bcrypt';

/** What a function needs from AWS. Infra grants exactly this and nothing more. */
export interface Needs {
  /** DynamoDB actions by the family of partition keys they may touch. */
  table?: TableAccess;
  /** Secrets it may read. */
  secrets?: readonly Secret[];
  /** Queues it may send to. */
  queues?: readonly MessageQueue[];
  /** KMS keys, by the actions on them; encryption only for a tenant, in the context of the key. */
  kmsKeys?: readonly (readonly [KmsKey, readonly KmsAction[]])[];
  /** Buckets, by the actions on them. */
  buckets?: readonly (readonly [Bucket, readonly BucketAction[]])[];
  /** Settings it reads, besides those implied by its other needs. */
  settings?: readonly Setting[];
  /** Events it publishes: it gets what their subscribers need for that. */
  publishes?: readonly EventKind[];
  /** Mail that it writes into the outbox: it gets what the outbox needs for that. */
  mails?: readonly Pick<MailKind, 'id'>[];
  /** It sends mail by Amazon SES, or hears of what was sent. */
  mail?: 'sends' | 'hears';
  /** What it leaves in the audit log: it gets what an entry takes. */
  audits?: readonly AuditKind[];
  /** AWS services outside the table, by their IAM actions on resource `*`. */
  actions?: readonly string[];
  /** Roles of other AWS accounts that it may assume, by the settings that name them. */
  assumes?: readonly Setting[];
  /** Packages with a compiled part that it loads. They decide on the processor that it runs on. */
  native?: readonly NativePackage[];
  memoryMb?: number;
  timeoutSeconds?: number;
}

/**
 * Who may call an endpoint.
 * `bearer`: the API's authorizer verified an access token; only `roles` may pass, and a tenant
 * that is not ACTIVE only where `anyStatus` is set. `ticket`: the registration ticket in the body
 * authorises. `apiKey`: the `X-Api-Key` header names a key with `scope`, and `anyStatus` is the same.
 */
export type Access =
  | { readonly kind: 'public' }
  | { readonly kind: 'ticket' }
  | { readonly kind: 'bearer'; readonly roles: readonly Role[]; readonly anyStatus?: true }
  | { readonly kind: 'apiKey'; readonly scope: ApiKeyScope; readonly anyStatus?: true };

export type MediaType = 'application/json' | 'application/x-www-form-urlencoded';

export interface ResponseSpec {
  readonly description: string;
  readonly schema?: z.ZodMiniType;
  /** Media type; default `application/json`. */
  readonly type?: string;
}

export interface Responses {
  readonly [status: number]: ResponseSpec;
}

/** One endpoint of the API, once. Everything that knows the API is read off these entries. */
export interface Endpoint<
  B extends z.ZodMiniType | undefined = z.ZodMiniType | undefined,
  Q extends z.ZodMiniType | undefined = z.ZodMiniType | undefined,
  P extends z.ZodMiniType | undefined = z.ZodMiniType | undefined,
  A extends Access = Access,
  R extends Responses = Responses,
> extends Needs {
  /** Path of the handler below `functions/`, without `.ts`: `auth/login`. */
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Paths as clients know them, the preferred one first; a trailing slash is optional for callers. */
  readonly paths: readonly [string, ...string[]];
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly access: A;
  readonly body?: B;
  /** Media types accepted for the body; default JSON. */
  readonly bodyTypes?: readonly MediaType[];
  /** Largest accepted body in bytes; default 16 KiB. */
  readonly maxBodyBytes?: number;
  readonly query?: Q;
  readonly path?: P;
  readonly responses: R;
  /** The expected errors beyond those every endpoint of its kind has. */
  readonly errors?: readonly ErrorKind[];
  readonly limits?: readonly Limit[];
  /** People see this endpoint in a browser: errors become pages where the caller accepts HTML. */
  readonly page?: true;
  /**
   * The answer goes out piece by piece while the function makes it, for as long as `timeoutSeconds`
   * lets it.
   */
  readonly streams?: true | undefined;
  /**
   * Its handler runs beside the authorization and not after it, to save a round trip: its answer
   * waits for the verdict. It may only read.
   */
  readonly readsAhead?: true | undefined;
  /** Only in the local stage; never part of a deployed template. */
  readonly localOnly?: true;
}

/** What handlers read of their entry. The bundles of functions have nothing else of it. */
export const servedMembers = [
  'id',
  'access',
  'body',
  'bodyTypes',
  'maxBodyBytes',
  'query',
  'path',
  'page',
  'streams',
  'readsAhead',
] as const satisfies readonly (keyof Endpoint)[];

/** An entry as handlers have it. */
export type ServedEndpoint = Pick<Endpoint, (typeof servedMembers)[number]>;

/** The longest that API Gateway lets an answer stream, and Lambda a function run. */
export const maxStreamSeconds = 900;

/** An endpoint with the exact types of its schemas and answers, as handlers and clients want them. */
export type Defined<
  B extends z.ZodMiniType | undefined,
  Q extends z.ZodMiniType | undefined,
  P extends z.ZodMiniType | undefined,
  A extends Access,
  S extends true | undefined,
  Ahead extends true | undefined,
  R extends Responses,
> = Endpoint<B, Q, P, A, R> & {
  readonly body: B;
  readonly query: Q;
  readonly path: P;
  readonly streams: S;
  readonly readsAhead: Ahead;
};

/** Declares an endpoint and keeps its exact types. */
export function defineEndpoint<
  const A extends Access,
  B extends z.ZodMiniType | undefined = undefined,
  Q extends z.ZodMiniType | undefined = undefined,
  P extends z.ZodMiniType | undefined = undefined,
  S extends true | undefined = undefined,
  Ahead extends true | undefined = undefined,
  const R extends Responses = Responses,
>(
  endpoint: Endpoint<B, Q, P, A, R> & { readonly streams?: S; readonly readsAhead?: Ahead },
): Defined<B, Q, P, A, S, Ahead, R> {
  const { access, table } = endpoint;
  const needs = access.kind === 'bearer' ? { table: withSessionCheck(table) } : {};
  return { ...endpoint, ...needs } as Defined<B, Q, P, A, S, Ahead, R>;
}

/** Every call of a member reads their session, membership and tenant, in one BatchGetItem. */
const withSessionCheck = (table: TableAccess = []): TableAccess => [
  [tenantPartition, ['BatchGetItem']],
  [userPartition, ['BatchGetItem']],
  ...table,
];

/** Access for the given roles, by an access token. */
export function bearer<const R extends readonly Role[]>(
  allowed: R,
  options: { anyStatus?: true } = {},
) {
  return { kind: 'bearer', roles: allowed, ...options } as const;
}

/** `paths` as API Gateway holds them: no trailing slash, each once. */
export function gatewayPaths(endpoint: Pick<Endpoint, 'paths'>): string[] {
  return [...new Set(endpoint.paths.map((path) => path.replace(/(.)\/$/, '$1')))];
}
