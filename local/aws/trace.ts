import { randomBytes } from 'node:crypto';

/** An id as X-Ray makes them. */
export function newTraceId(): string {
  const seconds = Math.floor(Date.now() / 1000).toString(16);
  return `1-${seconds}-${randomBytes(12).toString('hex')}`;
}

/** The header with the trace that an invocation belongs to. */
export const invocationHeader = (traceId: string): string =>
  `Root=${traceId};Parent=${randomBytes(8).toString('hex')};Sampled=1`;

/** The id in a trace header. */
export const traceIdIn = (header: string | undefined): string | undefined =>
  /(?:^|;)Root=([^;]+)/.exec(header ?? '')?.[1];
