import { type AppError, toProblem } from '../contract/errors.ts';
import { errorPage } from './page.ts';
import type { Reply } from './reply.ts';

/** An error as RFC 9457 problem details, or as a page for people. */
export function errorReply(error: AppError, requestId: string, asPage: boolean): Reply {
  if (asPage) {
    const page = errorPage(error, requestId);
    return { ...page, headers: { ...page.headers, ...error.headers } };
  }
  return {
    status: error.status,
    body: toProblem(error, requestId),
    headers: { 'content-type': 'application/problem+json', ...error.headers },
  };
}
