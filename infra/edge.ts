import { readFileSync } from 'node:fs';
import { type Endpoint, gatewayPaths } from '../shared/contract/endpoint.ts';

/** The header in which CloudFront proves itself to the API. */
export const originVerifyHeader = 'x-origin-verify';

/** The header in which CloudFront tells the API who calls; what a viewer sends in it is replaced. */
export const viewerAddressHeader = 'x-viewer-address';

/**
 * Path patterns that CloudFront sends to the API: one for each first segment with something below
 * it, and single-segment paths by themselves, with and without a trailing slash.
 */
export function apiPathPatterns(endpoints: readonly Endpoint[]): string[] {
  const patterns = endpoints.flatMap(gatewayPaths).flatMap((path) => {
    const [, first = '', ...rest] = path.split('/');
    if (rest.length > 0) return [`/${first}/*`];
    return first ? [path, `${path}/`] : [path];
  });
  return [...new Set(patterns)];
}

/** Source of the CloudFront function, with the patterns that it must not treat as pages of the web app. */
export function viewerRequestSource(patterns: readonly string[]): string {
  const source = readFileSync(new URL('./edge/viewer-request.js', import.meta.url), 'utf8');
  return `const apiPatterns = ${JSON.stringify(patterns)};\n${source}`;
}
