import { wildcard } from '../aws/iam.ts';
import type { Lambda } from '../lambda/lambda.ts';
import { isRecord, listOf } from '../runtime/json.ts';
import type { Authorizer } from './definition.ts';
import type { GatewayError } from './responses.ts';

/** What an authorizer said about a token. */
interface Verdict {
  readonly principalId: string;
  readonly context: Readonly<Record<string, string>>;
  readonly statements: readonly PolicyStatement[];
}

interface PolicyStatement {
  readonly effect: 'Allow' | 'Deny';
  readonly resources: readonly RegExp[];
}

export type Authorization =
  | { readonly ok: true; readonly context: Readonly<Record<string, unknown>> }
  | {
      readonly ok: false;
      readonly error: GatewayError;
      readonly context?: Readonly<Record<string, string>>;
    };

const refused = (error: GatewayError): Authorization => ({ ok: false, error });
const unauthorized: GatewayError = { type: 'UNAUTHORIZED', message: 'Unauthorized' };

/** Asks TOKEN authorizers and keeps their answers for as long as the API says. */
export class Authorizers {
  readonly #lambda: Lambda;
  readonly #now: () => number;
  readonly #cache = new Map<string, { readonly verdict: Verdict; readonly expiresAt: number }>();

  constructor(lambda: Lambda, now: () => number = Date.now) {
    this.#lambda = lambda;
    this.#now = now;
  }

  /** Whether a request with this token may call a method of the API. Fails closed. */
  async authorize(
    authorizer: Authorizer,
    token: string | undefined,
    methodArn: string,
    traceId?: string,
  ): Promise<Authorization> {
    if (!token || (authorizer.validation && !authorizer.validation.test(token)))
      return refused(unauthorized);
    const startedAt = performance.now();
    const verdict =
      this.#remembered(authorizer, token) ??
      (await this.#ask(authorizer, token, methodArn, traceId));
    if ('type' in verdict) return refused(verdict);

    const matching = verdict.statements.filter(({ resources }) =>
      resources.some((pattern) => pattern.test(methodArn)),
    );
    const isDenied = matching.some(({ effect }) => effect === 'Deny');
    if (isDenied || matching.length === 0) {
      const message = `User is not authorized to access this resource${isDenied ? ' with an explicit deny in an identity-based policy' : ''}`;
      return { ok: false, error: { type: 'ACCESS_DENIED', message }, context: verdict.context };
    }
    const integrationLatency = Math.round(performance.now() - startedAt);
    return {
      ok: true,
      context: { ...verdict.context, principalId: verdict.principalId, integrationLatency },
    };
  }

  #remembered({ name }: Authorizer, token: string): Verdict | undefined {
    const entry = this.#cache.get(`${name} ${token}`);
    return entry && entry.expiresAt > this.#now() ? entry.verdict : undefined;
  }

  async #ask(
    authorizer: Authorizer,
    token: string,
    methodArn: string,
    traceId: string | undefined,
  ): Promise<Verdict | GatewayError> {
    const event = { type: 'TOKEN', methodArn, authorizationToken: token };
    const result = await this.#lambda.invoke(authorizer.functionArn, event, traceId);
    if (!result.ok) {
      if (result.reason === 'error' && result.errorMessage === 'Unauthorized') return unauthorized;
      return { type: 'AUTHORIZER_FAILURE', message: 'Internal server error' };
    }
    const verdict = parseVerdict(result.payload);
    if (!verdict)
      return { type: 'AUTHORIZER_CONFIGURATION_ERROR', message: 'Internal server error' };
    if (authorizer.ttlSeconds > 0) this.#remember(authorizer, token, verdict);
    return verdict;
  }

  #remember({ name, ttlSeconds }: Authorizer, token: string, verdict: Verdict): void {
    const now = this.#now();
    if (this.#cache.size >= 10_000) {
      for (const [key, { expiresAt }] of this.#cache) {
        if (expiresAt <= now || this.#cache.size >= 10_000) this.#cache.delete(key);
      }
    }
    this.#cache.set(`${name} ${token}`, { verdict, expiresAt: now + ttlSeconds * 1000 });
  }
}

/** Undefined for an answer that API Gateway would call malformed. */
function parseVerdict(payload: string): Verdict | undefined {
  const answer: unknown = JSON.parse(payload);
  if (!isRecord(answer) || typeof answer.principalId !== 'string') return undefined;
  const { principalId, policyDocument, context = {} } = answer;
  if (!isRecord(policyDocument) || !isRecord(context ?? {})) return undefined;
  const entries = Object.entries(isRecord(context) ? context : {});
  if (!entries.every(([, value]) => ['string', 'number', 'boolean'].includes(typeof value)))
    return undefined;

  const statements: PolicyStatement[] = [];
  for (const statement of listOf(policyDocument.Statement)) {
    if (!isRecord(statement)) return undefined;
    const { Effect: effect, Action, Resource, Condition } = statement;
    // A condition would narrow the statement in ways that nothing here judges.
    if (
      (effect !== 'Allow' && effect !== 'Deny') ||
      Resource === undefined ||
      Condition !== undefined
    )
      return undefined;
    if (!listOf(Action).some((action) => wildcard(String(action), 'i').test('execute-api:Invoke')))
      continue;
    statements.push({
      effect,
      resources: listOf(Resource).map((resource) => wildcard(String(resource))),
    });
  }
  return {
    principalId,
    statements,
    context: Object.fromEntries(entries.map(([name, value]) => [name, String(value)])),
  };
}
