import { existsSync, readdirSync, readFileSync } from 'node:fs';
import * as z from 'zod/mini';
import type { Endpoint } from '../shared/contract/endpoint.ts';
import type { ErrorKind } from '../shared/contract/errors.ts';
import { endpoints } from '../shared/contract/registry.ts';
import { features } from '../shared/features.ts';
import type { Tenant } from './tenant.ts';

type InputOf<S> = S extends z.ZodMiniType ? z.input<S> : never;

/** A request to an endpoint, in the types of its contract entry. */
export interface RequestTo<E extends Endpoint = Endpoint> {
  readonly body?: InputOf<E['body']>;
  readonly query?: InputOf<E['query']>;
  readonly path?: InputOf<E['path']>;
}

type Arrange<E extends Endpoint> = (tenant: Tenant) => RequestTo<E> | Promise<RequestTo<E>>;

/** A request that an endpoint takes, and what the tables of tests must know to send it. */
export interface Sample<E extends Endpoint = Endpoint> {
  readonly endpoint: E;
  /**
   * Makes the request for a tenant, and first what the request is about. Called again for the same
   * tenant, it makes a request that is accepted again.
   */
  readonly request: (tenant: Tenant) => Promise<RequestTo>;
  /** The status of the answer. */
  readonly status: number;
  readonly foreign: Foreign<E> | undefined;
  /** What the request is about is nobody's yet: it becomes the tenant's that brings it. */
  readonly isClaim: boolean;
}

/**
 * What makes a request foreign where its path does not: a request about something that the tenant
 * has and others must not get, and how the others are refused.
 */
export interface Foreign<E extends Endpoint> {
  readonly arrange: Arrange<E>;
  readonly error: ErrorKind;
}

interface SampleOptions<E extends Endpoint> extends RequestTo<E> {
  /** What of the request needs something to be there first, or to be new each time. */
  readonly arrange?: Arrange<E>;
  readonly foreign?: Foreign<E>;
  /** What the request is about is nobody's yet: it becomes the tenant's that brings it. */
  readonly isClaim?: true;
}

/**
 * A sample request to an endpoint. Its body is the example in the contract entry, unless the sample
 * has another. A list shows something of its tenant, and one with a cursor has a next page.
 */
export function sample<E extends Endpoint>(
  endpoint: E,
  { arrange, foreign, isClaim, ...fixed }: SampleOptions<E> = {},
): Sample<E> {
  const example = exampleOf(endpoint);
  return {
    endpoint,
    request: async (tenant) => ({
      ...(example !== undefined && { body: example }),
      ...fixed,
      ...(await arrange?.(tenant)),
    }),
    status: Math.min(...Object.keys(endpoint.responses).map(Number)),
    foreign,
    isClaim: isClaim ?? false,
  };
}

/** The example of an endpoint's body in its contract entry. */
export const exampleOf = ({ body }: Endpoint): unknown =>
  body && z.globalRegistry.get(body)?.example;

/** The samples of all areas of the product, from `harness/<area>/samples.ts`, by endpoint id. */
export async function loadSamples(): Promise<ReadonlyMap<string, Sample>> {
  const found = new Map<string, Sample>();
  for (const { id } of features) {
    if (!existsSync(new URL(`./${id}/samples.ts`, import.meta.url))) continue;
    const { samples }: { samples: readonly Sample[] } = await import(`./${id}/samples.ts`);
    for (const one of samples) {
      if (found.has(one.endpoint.id)) throw new Error(`${one.endpoint.id} has two samples`);
      found.set(one.endpoint.id, one);
    }
  }
  return found;
}

/** For each endpoint without a sample, what to add and where. */
export function missingSamples(samples: ReadonlyMap<string, Sample>): string[] {
  return endpoints.filter(({ id }) => !samples.has(id)).map(adviceFor);
}

/** What to add for an endpoint that has no sample, and where. */
function adviceFor({ id, method, paths, path, query, body }: Endpoint): string {
  const area = features.find((feature) => feature.endpoints?.some((one) => one.id === id));
  const file = `harness/${area?.id}/samples.ts`;
  const entry = entryOf(id, area?.id ?? '');
  const options = [
    ...(body
      ? [
          '    body: {}, // or .register(z.globalRegistry, { example: {} }) on the body in the contract entry',
        ]
      : []),
    ...(path
      ? ['    arrange: async (tenant) => ({ path: {} }), // ids of what the tenant makes']
      : []),
    ...(hasCursor(query)
      ? ["    query: { limit: '1' }, // of two or more that `arrange` makes"]
      : []),
  ];
  const call = options.length
    ? [`sample(${entry.name}, {`, ...options, '  }),']
    : [`sample(${entry.name}),`];
  return [
    `The entry ${entry.name} of ${entry.file} (${method} ${paths[0]}) has no sample request.`,
    existsSync(new URL(`../${file}`, import.meta.url))
      ? `Add to the list \`samples\` in ${file}:`
      : `Make ${file}, with its list \`export const samples: readonly Sample[] = […]\`, and in it:`,
    `  ${call.join('\n')}`,
  ].join('\n');
}

/** Whether a list is read page by page. */
export const hasCursor = (query: z.ZodMiniType | undefined): boolean =>
  'cursor' in ((query as { shape?: object } | undefined)?.shape ?? {});

/** The name of a contract entry, and the file that has it. */
function entryOf(id: string, area: string): { name: string; file: string } {
  const folder = new URL(`../shared/${area}/`, import.meta.url);
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!path.endsWith('.ts')) continue;
    const text = readFileSync(new URL(path, folder), 'utf8');
    const [before, after] = text.split(`id: '${id}'`);
    const name = after && before?.match(/export const (\w+) = defineEndpoint\(/g)?.at(-1);
    if (name) return { name: name.split(' ')[2] ?? '', file: `shared/${area}/${path}` };
  }
  return { name: 'theEntry', file: `shared/${area} with the id ${id}` };
}

/** The sample of an endpoint. Throws what to add where there is none. */
export function sampleOf(samples: ReadonlyMap<string, Sample>, endpoint: Endpoint): Sample {
  const found = samples.get(endpoint.id);
  if (!found) throw new Error(adviceFor(endpoint));
  return found;
}
