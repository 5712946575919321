import type { APIGatewayProxyEvent } from 'aws-lambda';

import type { Language } from '../contract/mails.ts';
import { languageOf } from './languages.ts';

/** Where a request came from. */
export interface Client {
  /** Address of the viewer, as CloudFront saw it. */
  address: string;
  userAgent: string | undefined;
  /** The first of our languages that the viewer reads; English for others. */
  language: Language;
}

/** A header by its lower-case name. API Gateway keeps the spelling of the client. */
export function header(
  event: Pick<APIGatewayProxyEvent, 'headers'>,
  name: string,
): string | undefined {
  for (const [key, value] of Object.entries(event.headers ?? {})) {
    if (key.toLowerCase() === name) return value;
  }
  return undefined;
}

/**
 * The caller. `x-viewer-address` is set by our CloudFront function, which drops what the client
 * sent under that name, and the API refuses what did not come through CloudFront; X-Forwarded-For
 * is the client's own word and is never read.
 */
export function clientOf(event: APIGatewayProxyEvent): Client {
  return {
    address: header(event, 'x-viewer-address') ?? event.requestContext.identity.sourceIp,
    userAgent: header(event, 'user-agent')?.slice(0, 256),
    language: languageOf(header(event, 'accept-language')),
  };
}

/** Whether the caller is a browser that would rather get a page than JSON. */
export function prefersHtml(event: APIGatewayProxyEvent): boolean {
  const accept = header(event, 'accept') ?? '';
  const html = accept.indexOf('text/html');
  const json = accept.indexOf('application/json');
  return html >= 0 && (json < 0 || html < json);
}
