import { readFileSync } from 'node:fs';
import { headersTooLarge, notFound, uriTooLong } from '../shared/contract/core-errors.ts';
import { type Endpoint, gatewayPaths } from '../shared/contract/endpoint.ts';
import { type ErrorKind, problemType } from '../shared/contract/errors.ts';
import { securityHeaders } from '../shared/http/reply.ts';

/** The header in which CloudFront proves itself to the API. */
export const originVerifyHeader = 'x-origin-verify';

/** The header with the caller's address, set by CloudFront; a viewer's own value is replaced. */
export const viewerAddressHeader = 'x-viewer-address';

/**
 * Path patterns that CloudFront sends to the API: everything at and below the first segments of its
 * paths, so that an unknown path there is an error of the API and not a page of the web app.
 */
export function apiPathPatterns(endpoints: readonly Endpoint[]): string[] {
  const patterns = endpoints.flatMap(gatewayPaths).flatMap((path) => {
    const [, first] = path.split('/');
    return first ? [`/${first}`, `/${first}/*`] : [path];
  });
  return [...new Set(patterns)];
}

/** Paths at which other services have something that tools look for. Here they are no pages either. */
const wellKnownElsewhere = ['/metrics', '/redoc'];

/** API Gateway takes 10,240 bytes of address and headers, of which CloudFront and we add up to 1,024. */
export const maxRequestHeadBytes = 9216;
export const maxUriBytes = 4096;

/** Source of the CloudFront function, with what it has to know of the API. */
export function viewerRequestSource(patterns: readonly string[]): string {
  const source = readFileSync(new URL('./edge/viewer-request.js', import.meta.url), 'utf8');
  const constants = {
    apiPatterns: patterns,
    elsewhere: wellKnownElsewhere,
    maxUriBytes,
    maxRequestHeadBytes,
    problems: {
      notFound: problemOf(notFound),
      uriTooLong: problemOf(uriTooLong),
      headersTooLarge: problemOf(headersTooLarge),
    },
    problemHeaders: { ...securityHeaders, 'content-type': 'application/problem+json' },
  };
  const declarations = Object.entries(constants).map(
    ([name, value]) => `const ${name} = ${JSON.stringify(value)};\n`,
  );
  return declarations.join('') + source;
}

function problemOf({ code, title, status, detail }: ErrorKind) {
  return { type: problemType(code), title, status, detail, code };
}
