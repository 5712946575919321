import { AsyncLocalStorage } from 'node:async_hooks';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Actor } from '../contract/audit.ts';
import type { Outlet } from '../http/stream.ts';

/** What a subject has used of the current window of a limit. */
export interface Allowance {
  /** Its name. */
  limit: string;
  quota: number;
  windowSeconds: number;
  remaining: number;
  /** Seconds until the window ends. */
  resetSeconds: number;
  exceeded: boolean;
}

/** What belongs to one request and to no argument. */
export interface RequestContext {
  /** The limits that this request was counted against, for the RateLimit fields of its answer. */
  allowances: Allowance[];
  /** Where the answer of an endpoint that streams goes. */
  outlet?: Outlet | undefined;
  /** Who calls, as soon as that is known; before, and where no caller is, the function itself. */
  actor?: Actor;
  /** Address that the request came from. */
  address?: string;
  /** The trace that a message came with: that of the request which asked for the work. */
  traceHeader?: string;
  /** A table client with the request's own credentials. */
  tableClient?: DynamoDBDocumentClient;
}

export const requestContext = new AsyncLocalStorage<RequestContext>();

/** Notes who calls, for what is done from here on. */
export function setActor(actor: Actor): void {
  const request = requestContext.getStore();
  if (request) request.actor = actor;
}
