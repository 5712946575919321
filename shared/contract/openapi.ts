import * as z from 'zod/mini';
import {
  createDocument,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
} from 'zod-openapi';
import { insufficientScope, invalidApiKey } from '../api-keys/errors.ts';
import { subscriptionPending, tenantSuspended } from '../tenants/errors.ts';
import { version } from '../version.ts';
import {
  busy,
  forbidden,
  headersTooLarge,
  internalError,
  malformedJson,
  payloadTooLarge,
  rateLimited,
  unauthorized,
  unsupportedMediaType,
  uriTooLong,
  validationFailed,
} from './core-errors.ts';
import type { Endpoint } from './endpoint.ts';
import type { ErrorKind } from './errors.ts';
import { endpointsOf, eventKinds, scopes } from './registry.ts';
import { ProblemSchema } from './schemas.ts';

/** The public description of the API: everything a client needs, nothing of AWS. */
export function openApiDocument() {
  const paths: ZodOpenApiPathsObject = {};
  for (const endpoint of endpointsOf('deployed')) {
    for (const [index, path] of endpoint.paths.entries()) {
      paths[path] = {
        ...paths[path],
        [endpoint.method.toLowerCase()]: toOperation(endpoint, index),
      };
    }
  }
  const document = createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Tenantry',
      version,
      description:
        'Every error is RFC 9457 problem details with a stable `code`. Times are RFC 3339 in UTC. Unknown fields are refused.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        apiKey: { type: 'apiKey', in: 'header', name: 'X-Api-Key' },
      },
    },
  });
  listNames(document, 'EventType', eventKinds.keys());
  listNames(document, 'ApiKeyScope', scopes.keys());
  return document;
}

/** A schema of names that all features have together: functions get them as a setting. */
function listNames(
  { components }: ReturnType<typeof createDocument>,
  schema: string,
  names: Iterable<string>,
): void {
  const found = components?.schemas?.[schema];
  if (found) Object.assign(found, { enum: [...names] });
}

/** The operation of an endpoint on the n-th of its paths; all but the first are there for older clients. */
function toOperation(endpoint: Endpoint, pathIndex: number): ZodOpenApiOperationObject {
  const { access, body, query, path } = endpoint;
  const isObject = (schema: z.ZodMiniType | undefined): schema is z.ZodMiniObject =>
    schema instanceof z.ZodMiniObject;
  return {
    operationId: endpoint.id.replaceAll('/', '.') + (pathIndex > 0 ? `.${pathIndex + 1}` : ''),
    tags: [endpoint.tag],
    summary: endpoint.summary,
    ...describe(endpoint),
    ...(pathIndex > 0 && { deprecated: true }),
    security:
      access.kind === 'bearer'
        ? [{ bearer: [] }]
        : access.kind === 'apiKey'
          ? [{ apiKey: [] }]
          : [],
    ...((isObject(query) || isObject(path)) && {
      requestParams: { ...(isObject(query) && { query }), ...(isObject(path) && { path }) },
    }),
    ...(body && {
      requestBody: {
        required: true,
        content: Object.fromEntries(
          (endpoint.bodyTypes ?? ['application/json']).map((type) => [type, { schema: body }]),
        ),
      },
    }),
    responses: { ...successes(endpoint), ...failures(endpoint) },
  };
}

function describe(endpoint: Endpoint): { description?: string } {
  const { description, access, limits, streams } = endpoint;
  const parts = [
    description,
    streams &&
      'The answer is sent while it is made; an error in the middle breaks off the transfer.',
    access.kind === 'bearer' && `Roles: ${access.roles.join(', ')}.`,
    access.kind === 'apiKey' && `Scope of the key: \`${access.scope.name}\`.`,
    limits && `Limits: ${limits.map(({ name }) => `\`${name}\``).join(', ')}.`,
  ].filter((part) => typeof part === 'string');
  return parts.length > 0 ? { description: parts.join('\n\n') } : {};
}

function successes({ responses }: Endpoint) {
  return Object.fromEntries(
    Object.entries(responses).map(
      ([status, { description, schema, type = 'application/json' }]) => [
        status,
        {
          description,
          ...(schema && { content: { [type]: { schema } } }),
          ...(!schema && type !== 'application/json' && { content: { [type]: {} } }),
        },
      ],
    ),
  );
}

/** The errors that an endpoint may answer: its own, and those of its kind. */
export function errorsOf(endpoint: Endpoint): ErrorKind[] {
  const { access, body, query, path, limits, errors = [] } = endpoint;
  const jsonBody =
    endpoint.bodyTypes === undefined || endpoint.bodyTypes.includes('application/json');
  return [
    ...errors,
    ...(access.kind === 'bearer' ? [unauthorized, forbidden] : []),
    ...(access.kind === 'apiKey' ? [invalidApiKey, insufficientScope] : []),
    ...(access.kind === 'apiKey' || (access.kind === 'bearer' && !access.anyStatus)
      ? [subscriptionPending, tenantSuspended]
      : []),
    ...(body ? [payloadTooLarge, unsupportedMediaType] : []),
    ...(body && jsonBody ? [malformedJson] : []),
    ...(body || query || path ? [validationFailed] : []),
    ...(limits ? [rateLimited] : []),
    uriTooLong,
    headersTooLarge,
    internalError,
    busy,
  ];
}

function failures(endpoint: Endpoint) {
  const byStatus = Map.groupBy(new Set(errorsOf(endpoint)), ({ status }) => status);
  return Object.fromEntries(
    [...byStatus]
      .toSorted(([a], [b]) => a - b)
      .filter(([status]) => !(status in endpoint.responses))
      .map(([status, kinds]) => [
        String(status),
        {
          description: kinds.map(({ code, title }) => `\`${code}\`: ${title}`).join('; '),
          content: { 'application/problem+json': { schema: ProblemSchema } },
        },
      ]),
  );
}
