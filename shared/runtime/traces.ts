import { requestContext } from './request-context.ts';

const wellFormed = /^Root=(1-[0-9a-f]{8}-[0-9a-f]{24})(;|$)/;

/**
 * The trace header of what is being worked on: the one that came with its message, else the
 * invocation's own, which Lambda puts into the environment. Undefined where nothing is traced.
 */
export function traceHeader(): string | undefined {
  const header = requestContext.getStore()?.traceHeader ?? process.env._X_AMZN_TRACE_ID;
  return header !== undefined && wellFormed.test(header) ? header : undefined;
}

/** The id in a trace header, `1-5759e988-bd862e3fe1be46a994272793`. */
export const traceIdOf = (header: string | undefined): string | undefined =>
  header === undefined ? undefined : wellFormed.exec(header)?.[1];
