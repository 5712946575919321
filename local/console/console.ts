import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { AwsError } from '../aws/aws.ts';
import type { MailService } from '../aws/mail.ts';
import type { Marketplace } from '../aws/marketplace/marketplace.ts';
import { marketplaceRoutes } from '../aws/marketplace/routes.ts';
import type { LocalMetrics } from '../aws/metrics.ts';
import type { Schedules } from '../aws/schedules.ts';
import type { DynamoDb } from '../dynamodb/dynamodb.ts';
import type { TableKeys } from '../dynamodb/table-requests.ts';
import type { FunctionLog } from '../lambda/lambda.ts';
import type { Clock } from '../runtime/clock.ts';
import {
  type HeaderList,
  type HttpRequest,
  type HttpResponse,
  headerOf,
  jsonResponse,
} from '../runtime/http.ts';
import { isRecord } from '../runtime/json.ts';
import { clockRoutes, scheduleRoutes } from './clock.ts';
import { mailboxRoutes } from './mailbox.ts';
import { ConsoleError, type ConsoleRoute } from './routes.ts';

/** Where the console lies. No path of the product starts with it. */
export const consolePrefix = '/_local';

export interface ConsoleOptions {
  readonly clock: Clock;
  readonly schedules: Schedules;
  readonly marketplace: Marketplace;
  readonly mail: MailService;
  readonly metrics: LocalMetrics;
  /** What features add. */
  readonly featureRoutes: readonly ConsoleRoute[];
  /** Recent log lines of functions, the oldest first. */
  readonly logs: () => readonly FunctionLog[];
  readonly dynamoDb: DynamoDb;
  readonly tables: readonly TableKeys[];
}

/** What the console answers; undefined for paths that are not its own. */
export type LocalConsole = (request: HttpRequest) => Promise<HttpResponse> | undefined;

const files = {
  'index.html': 'text/html; charset=utf-8',
  'console.js': 'text/javascript; charset=utf-8',
  'mailbox.js': 'text/javascript; charset=utf-8',
  'console.css': 'text/css; charset=utf-8',
} as const;

const pageHeaders = (formTarget?: string): HeaderList => [
  [
    'Content-Security-Policy',
    `default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; frame-src 'self'; form-action 'self'${formTarget ? ` ${formTarget}` : ''}; base-uri 'none'; frame-ancestors 'none'`,
  ],
  ['Cache-Control', 'no-store'],
  ['Referrer-Policy', 'same-origin'],
  ['X-Content-Type-Options', 'nosniff'],
];

/** The console of the local cloud: a page for people and a JSON API for scripts. */
export function createConsole({
  clock,
  schedules,
  marketplace,
  mail,
  metrics,
  featureRoutes,
  logs,
  dynamoDb,
  tables,
}: ConsoleOptions): LocalConsole {
  return serveConsole([
    ...marketplaceRoutes(marketplace, '/marketplace/register'),
    [
      /^\/metrics$/,
      {
        GET: async () => ({
          status: 200,
          headers: [['Content-Type', metrics.contentType]],
          body: Buffer.from(await metrics.text()),
        }),
      },
    ],
    [/^\/logs$/, { GET: ({ request }) => logLines(logs(), new URLSearchParams(request.query)) }],
    ...mailboxRoutes(mail),
    [
      /^\/tables$/,
      {
        GET: () =>
          jsonResponse(
            200,
            tables.map(({ name, partitionKey, indexes }) => ({
              name,
              partition_key: partitionKey,
              indexes: Object.keys(indexes),
            })),
          ),
      },
    ],
    [
      /^\/tables\/([\w.-]+)\/items$/,
      { GET: ({ request, parameters: [name] }) => listItems(dynamoDb, tables, name, request) },
    ],
    ...clockRoutes(clock),
    ...scheduleRoutes(schedules),
    ...featureRoutes,
  ]);
}

const pageRoutes: readonly ConsoleRoute[] = [
  [
    /^$/,
    {
      GET: () => ({
        status: 308,
        headers: [['Location', `${consolePrefix}/`]],
        body: Buffer.alloc(0),
      }),
    },
  ],
  [/^\/$/, { GET: () => page('index.html') }],
  [
    /^\/(console\.js|mailbox\.js|console\.css)$/,
    { GET: ({ parameters: [file] }) => page(file as keyof typeof files) },
  ],
];

/**
 * The page, which shows what there are routes for, and the routes. `formTarget` is where the page may
 * send a buyer to beside its own origin.
 */
export function serveConsole(
  ownRoutes: readonly ConsoleRoute[],
  formTarget?: string,
): LocalConsole {
  const routes = [...pageRoutes, ...ownRoutes];
  const headers = pageHeaders(formTarget);

  const serve = async (request: HttpRequest): Promise<HttpResponse> => {
    try {
      requireLocalCaller(request);
      const path = request.path.slice(consolePrefix.length);
      for (const [pattern, actions] of routes) {
        const match = pattern.exec(path);
        if (!match) continue;
        const action = actions[request.method === 'HEAD' ? 'GET' : request.method];
        if (action)
          return withHeaders(await action({ request, parameters: match.slice(1) }), headers);
        const allow = Object.keys(actions).join(', ');
        throw new ConsoleError(405, 'method_not_allowed', `This path knows ${allow}.`, {
          headers: [['Allow', allow]],
        });
      }
      throw new ConsoleError(404, 'not_found', 'The local console has no such path.');
    } catch (error) {
      if (!(error instanceof ConsoleError)) throw error;
      return withHeaders(problem(error), headers);
    }
  };
  return (request) => {
    const isOurs = request.path === consolePrefix || request.path.startsWith(`${consolePrefix}/`);
    return isOurs ? serve(request) : undefined;
  };
}

const localHosts = new Set(['localhost', '127.0.0.1', '[::1]']);
const safeMethods = new Set(['GET', 'HEAD']);

/** A page elsewhere must neither read the console, by a name that it points here, nor act on it. */
function requireLocalCaller({ method, headers }: HttpRequest): void {
  const host = headerOf(headers, 'host') ?? '';
  if (!localHosts.has(host.replace(/:\d+$/, '').toLowerCase())) {
    throw new ConsoleError(
      403,
      'forbidden',
      'The local console answers to localhost, 127.0.0.1 and [::1] only.',
    );
  }
  if (safeMethods.has(method)) return;
  const origin = headerOf(headers, 'origin');
  const site = headerOf(headers, 'sec-fetch-site');
  const isForeign =
    (origin !== undefined && origin !== `http://${host}`) ||
    (site !== undefined && site !== 'same-origin' && site !== 'none');
  if (isForeign)
    throw new ConsoleError(
      403,
      'forbidden',
      'The local console takes changes from its own page and from scripts only.',
    );
}

/** Fields that lines may be asked for by. */
const logFilters = ['trace_id', 'request_id', 'tenant_id', 'level', 'message', 'function'] as const;

/** Lines of functions as JSON, one a line, without those that are metrics. All filters must match. */
function logLines(logs: readonly FunctionLog[], query: URLSearchParams): HttpResponse {
  const unknown = [...query.keys()].find((name) => !logFilters.some((filter) => filter === name));
  if (unknown !== undefined) {
    throw new ConsoleError(
      400,
      'validation_failed',
      `Lines can be asked for by ${logFilters.join(', ')}.`,
    );
  }
  const lines = logs.flatMap(({ functionId, line }) => {
    const parsed = parseLine(line);
    if (!parsed || '_aws' in parsed) return [];
    const entry: Record<string, unknown> = { function: functionId, ...parsed };
    return [...query].every(([name, value]) => entry[name] === value)
      ? `${JSON.stringify(entry)}\n`
      : [];
  });
  return {
    status: 200,
    headers: [['Content-Type', 'application/x-ndjson; charset=utf-8']],
    body: Buffer.from(lines.join('')),
  };
}

function parseLine(line: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(line);
    return isRecord(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

async function listItems(
  dynamoDb: DynamoDb,
  tables: readonly TableKeys[],
  name: string | undefined,
  request: HttpRequest,
): Promise<HttpResponse> {
  const table = tables.find((candidate) => candidate.name === name);
  if (!table) throw new ConsoleError(404, 'not_found', 'There is no such table.');
  const query = new URLSearchParams(request.query);
  const partition = query.get('partition');
  const start = query.get('after');
  const page = {
    TableName: table.name,
    Limit: 50,
    ...(start !== null && { ExclusiveStartKey: parseCursor(start) }),
  };
  const result = await (partition
    ? dynamoDb.call('Query', {
        ...page,
        KeyConditionExpression: '#key = :value',
        ExpressionAttributeNames: { '#key': table.partitionKey },
        ExpressionAttributeValues: { ':value': { S: partition } },
      })
    : dynamoDb.call('Scan', page)
  ).catch((error: unknown) => {
    if (!(error instanceof AwsError)) throw error;
    throw new ConsoleError(400, 'invalid_cursor', `DynamoDB refuses it: ${error.message}`);
  });
  const items = Array.isArray(result.Items) ? result.Items : [];
  const after = result.LastEvaluatedKey;
  return jsonResponse(200, {
    items: items.map((item) => plain({ M: item })),
    next: after === undefined ? null : Buffer.from(JSON.stringify(after)).toString('base64url'),
  });
}

function parseCursor(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    throw new ConsoleError(400, 'invalid_cursor', 'The cursor is not one of this list.');
  }
}

/** An attribute value as plain JSON. */
function plain(attribute: unknown): unknown {
  const [type, value] = Object.entries(isRecord(attribute) ? attribute : {})[0] ?? [];
  if (type === 'M' && isRecord(value))
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]));
  if (type === 'L' && Array.isArray(value)) return value.map(plain);
  if (type === 'N') return Number(value);
  return type === 'NULL' ? null : value;
}

function page(file: keyof typeof files): HttpResponse {
  return {
    status: 200,
    headers: [['Content-Type', files[file]]],
    body: readFileSync(new URL(`./${file}`, import.meta.url)),
  };
}

function problem({ status, code, message, extra, headers }: ConsoleError): HttpResponse {
  const title = code.replaceAll('_', ' ').replace(/^./, (first) => first.toUpperCase());
  const body = {
    type: `urn:tenantry:problem:${code}`,
    title,
    status,
    detail: message,
    code,
    request_id: randomUUID(),
    ...extra,
  };
  return {
    ...jsonResponse(status, body),
    headers: [['Content-Type', 'application/problem+json'], ...headers],
  };
}

function withHeaders(response: HttpResponse, headers: HeaderList): HttpResponse {
  const own = new Set(response.headers.map(([name]) => name.toLowerCase()));
  const more = headers.filter(([name]) => !own.has(name.toLowerCase()));
  return { ...response, headers: [...response.headers, ...more] };
}
