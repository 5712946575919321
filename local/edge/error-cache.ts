import { type AnyResponse, type HttpRequest, headerOf, isStreamed } from '../runtime/http.ts';
import { isRecord, listOf } from '../runtime/json.ts';
import { TemplateError } from '../template/template.ts';

/** Errors that CloudFront keeps by itself; 400, 403 and 405 only where something asks for it. */
const keptByItself = new Set([404, 414, 500, 501, 502, 503, 504]);
const askedFor = new Set([400, 403, 405]);
/** Those that it does not keep where the origin says `no-store`. For all others it ignores that. */
const forbiddable = new Set([404, 414, 501]);
const usualSeconds = 10;

/** What CloudFront keeps of errors, for GET and HEAD, whatever the cache policy says of other answers. */
export class ErrorCache {
  readonly #secondsOf: ReadonlyMap<number, number>;
  readonly #now: () => number;
  readonly #kept = new Map<string, { readonly response: AnyResponse; readonly until: number }>();

  /** `settings` are the distribution's CustomErrorResponses. Throws TemplateError for other pages. */
  constructor(settings: unknown, where: string, now: () => number) {
    this.#secondsOf = new Map(
      listOf(settings)
        .filter(isRecord)
        .map(({ ErrorCode, ErrorCachingMinTTL = usualSeconds, ResponsePagePath, ResponseCode }) => {
          if (ResponsePagePath !== undefined || ResponseCode !== undefined)
            throw new TemplateError(where, 'the local runner does not know custom error pages');
          return [Number(ErrorCode), Number(ErrorCachingMinTTL)];
        }),
    );
    this.#now = now;
  }

  /** The answer of the origin, or a recent error for the same path. */
  async through(
    request: HttpRequest,
    origin: (request: HttpRequest) => Promise<AnyResponse>,
  ): Promise<AnyResponse> {
    if (request.method !== 'GET' && request.method !== 'HEAD') return origin(request);
    const key = `${request.method} ${request.path}`;
    const kept = this.#kept.get(key);
    if (kept && this.#now() < kept.until) return kept.response;
    this.#kept.delete(key);
    const response = await origin(request);
    const seconds = this.#secondsFor(response);
    if (seconds > 0) this.#kept.set(key, { response, until: this.#now() + seconds * 1000 });
    return response;
  }

  #secondsFor(response: AnyResponse): number {
    const { status, headers } = response;
    if (isStreamed(response) || !(keptByItself.has(status) || askedFor.has(status))) return 0;
    const control = headerOf(headers, 'cache-control') ?? '';
    if (forbiddable.has(status) && /\b(no-store|no-cache|private)\b/i.test(control)) return 0;
    const least = this.#secondsOf.get(status) ?? (keptByItself.has(status) ? usualSeconds : 0);
    const asked = Number(/\b(?:s-maxage|max-age)=(\d+)/i.exec(control)?.[1] ?? 0);
    return Math.max(least, asked);
  }
}
