import type { APIGatewayProxyEvent } from 'aws-lambda';
import { en } from 'zod/locales';
import * as z from 'zod/mini';
import {
  payloadTooLarge,
  unsupportedMediaType,
  validationFailed,
} from '../contract/core-errors.ts';
import type { ServedEndpoint } from '../contract/endpoint.ts';
import { AppError, type FieldError } from '../contract/errors.ts';
import type { Call } from './call.ts';
import { clientOf, header, prefersHtml } from './client.ts';
import { parseStrictJson } from './json.ts';

// The faults that callers read about are in English; zod/mini has no language of its own.
z.config(en());

const defaultMaxBodyBytes = 16 * 1024;
/** An answer must not be much larger than the request that it refuses. */
const maxFaults = 20;

/**
 * What the handler of an endpoint works with: the caller, and the input as the endpoint's schemas
 * want it. Throws `payload_too_large`, `unsupported_media_type`, `malformed_json`, or
 * `validation_failed` with the first twenty faults.
 */
export function readCall<E extends ServedEndpoint>(
  endpoint: E,
  event: APIGatewayProxyEvent,
  caller: object,
): Call<E> {
  const faults: FieldError[] = [];
  const read = (
    place: FieldError['in'],
    schema: z.ZodMiniType | undefined,
    value: () => unknown,
  ): unknown => {
    if (!schema) return undefined;
    const parsed = schema.safeParse(value());
    if (parsed.success) return parsed.data;
    faults.push(...parsed.error.issues.flatMap((issue) => toFieldErrors(place, issue)));
    return undefined;
  };
  const input = {
    path: read('path', endpoint.path, () => event.pathParameters ?? {}),
    query: read('query', endpoint.query, () => readQuery(event)),
    body: read('body', endpoint.body, () => readBody(endpoint, event)),
  };
  if (faults.length > 0) {
    throw new AppError(validationFailed, { errors: faults.slice(0, maxFaults) });
  }
  // The schemas made the input what the endpoint's type says.
  return {
    ...caller,
    ...input,
    client: clientOf(event),
    wantsPage: prefersHtml(event),
  } as unknown as Call<E>;
}

function readBody(endpoint: ServedEndpoint, event: APIGatewayProxyEvent): unknown {
  const text = event.isBase64Encoded
    ? Buffer.from(event.body ?? '', 'base64').toString('utf8')
    : (event.body ?? '');
  if (Buffer.byteLength(text) > (endpoint.maxBodyBytes ?? defaultMaxBodyBytes))
    throw new AppError(payloadTooLarge);
  const accepted = endpoint.bodyTypes ?? ['application/json'];
  const given = header(event, 'content-type')?.split(';')[0]?.trim().toLowerCase();
  const type = accepted.find((candidate) => candidate === given);
  if (!type) throw new AppError(unsupportedMediaType, { headers: { accept: accepted.join(', ') } });
  return type === 'application/json' ? parseStrictJson(text) : readForm(text);
}

/** Form fields; one that is given twice is an array, which no schema of ours takes. */
function readForm(text: string): Record<string, string | string[]> {
  const fields = new URLSearchParams(text);
  return Object.fromEntries(
    [...new Set(fields.keys())].map((name) => {
      const values = fields.getAll(name);
      return [name, values.length === 1 ? (values[0] ?? '') : values];
    }),
  );
}

function readQuery(event: APIGatewayProxyEvent): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(event.multiValueQueryStringParameters ?? {}).map(([name, values = []]) => [
      name,
      values.length === 1 ? (values[0] ?? '') : values,
    ]),
  );
}

function toFieldErrors(place: FieldError['in'], issue: z.core.$ZodIssue): FieldError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      in: place,
      pointer: pointer([...issue.path, key]),
      detail: 'is not known here',
    }));
  }
  return [{ in: place, pointer: pointer(issue.path), detail: issue.message }];
}

/** An RFC 6901 JSON pointer. */
function pointer(path: readonly PropertyKey[]): string {
  return path
    .map((part) => `/${String(part).slice(0, 100).replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join('');
}
