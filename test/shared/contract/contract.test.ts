import { describe, expect, it } from 'vitest';
import { gatewayPaths, roles } from '../../../shared/contract/endpoint.ts';
import { problemType } from '../../../shared/contract/errors.ts';
import { errorsOf, openApiDocument } from '../../../shared/contract/openapi.ts';
import {
  endpoints,
  endpointsOf,
  errorKinds,
  families,
  limits,
} from '../../../shared/contract/registry.ts';
import { features } from '../../../shared/features.ts';
import { limitPartition } from '../../../shared/limits/keys.ts';

interface Operation {
  operationId: string;
  security: object[];
  requestBody?: { content: Record<string, { schema: unknown }> };
  parameters?: { name: string; in: string; required?: boolean }[];
  responses: Record<string, { content?: Record<string, unknown> }>;
}
const document: {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: Record<string, Record<string, unknown>>;
} = JSON.parse(JSON.stringify(openApiDocument()));
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

describe('the contract', () => {
  it('has no id and no route twice', () => {
    const ids = endpoints.map(({ id }) => id);
    const routes = endpoints.flatMap((endpoint) =>
      gatewayPaths(endpoint).map((path) => `${endpoint.method} ${path.replace(/\{\w+\}/g, '{}')}`),
    );

    expect(new Set(ids).size).toBe(ids.length);
    expect(new Set(routes).size).toBe(routes.length);
  });

  it.each(endpoints.map((endpoint) => [endpoint.id, endpoint] as const))(
    '%s uses limits, codes, roles and keys that exist',
    (_, endpoint) => {
      for (const limit of endpoint.limits ?? []) expect(limits.get(limit.name)).toBe(limit);
      for (const kind of errorsOf(endpoint)) expect(errorKinds.get(kind.code)).toBe(kind);
      for (const [family] of endpoint.table ?? []) expect(families).toContain(family);
      if (endpoint.access.kind === 'bearer')
        for (const role of endpoint.access.roles) expect(roles).toContain(role);
      for (const path of endpoint.paths) expect(path).toMatch(/^\/(?:[\w.{}-]+\/?)*$/);
    },
  );

  it.each(endpoints.map((endpoint) => [endpoint.id, endpoint] as const))(
    '%s has a schema for each parameter of its path',
    (_, endpoint) => {
      const names = [...(endpoint.paths[0].match(/\{(\w+)\}/g) ?? [])].map((n) => n.slice(1, -1));
      const shape = endpoint.path
        ? Object.keys((endpoint.path as { shape?: object }).shape ?? {})
        : [];

      expect(shape.toSorted()).toEqual(names.toSorted());
    },
  );

  it('counts wherever it may refuse with 429, and nowhere it may not', () => {
    for (const { id, limits, table } of endpoints)
      expect(limits !== undefined, id).toBe(
        table?.some(
          ([family, actions]) => family === limitPartition && actions.includes('UpdateItem'),
        ) ?? false,
      );
  });

  it('uses every limit', () => {
    const used = new Set(endpoints.flatMap(({ limits = [] }) => limits));

    expect([...limits.values()].filter((limit) => !used.has(limit))).toEqual([]);
  });

  it('has a limit on every open endpoint that writes, outside the local stage', () => {
    for (const { id, access, method, limits, localOnly } of endpoints)
      if (access.kind !== 'bearer' && method !== 'GET' && !localOnly)
        expect(limits?.length, id).toBeGreaterThan(0);
  });

  it('lets an endpoint read ahead of the authorization only where it can do nothing else', () => {
    const reads = ['GetItem', 'BatchGetItem', 'Query'];
    const ahead = endpoints.filter(({ readsAhead }) => readsAhead);
    for (const { id, method, table = [], limits, queues, publishes, kmsKeys, actions } of ahead) {
      expect(method, id).toBe('GET');
      expect({ limits, queues, publishes, kmsKeys, actions }, id).toEqual({});
      for (const [, granted] of table)
        for (const action of granted) expect(reads, id).toContain(action);
    }
  });

  it('keeps what is local out of every other stage', () => {
    for (const stage of ['dev', 'prod', 'deployed', ''])
      expect(endpointsOf(stage).filter(({ localOnly }) => localOnly)).toEqual([]);
    expect(endpointsOf('local')).toEqual(endpoints);
  });

  it('lets no function scan the table, and functions of members only what is of their feature or of the core', () => {
    const core = features
      .filter(({ isCore }) => isCore)
      .flatMap((feature) => feature.families ?? []);
    for (const feature of features) {
      const used = features.filter(({ id }) => feature.uses?.includes(id));
      const allowed = new Set([
        ...core,
        ...[feature, ...used].flatMap((one) => one.families ?? []),
      ]);
      for (const { id, table = [] } of [...(feature.endpoints ?? []), ...(feature.workers ?? [])])
        for (const [family, actions] of table) {
          expect(actions, id).not.toContain('Scan');
          expect(allowed.has(family), `${id}: ${family.name}`).toBe(true);
        }
    }
  });
});

describe('errors', () => {
  it('have a stable type and a sentence each', () => {
    for (const { code, status, title, detail } of errorKinds.values()) {
      expect(code).toMatch(/^[a-z_]+$/);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(600);
      expect(title).not.toMatch(/\.$/);
      expect(detail).toMatch(/\.$/);
      expect(problemType(code)).toBe(`urn:tenantry:problem:${code}`);
    }
  });
});

describe('the OpenAPI document', () => {
  it('is 3.1 and has every deployed route once', () => {
    expect(document.openapi).toBe('3.1.0');
    const routes = operations.map(({ path, method }) => `${method.toUpperCase()} ${path}`);
    const expected = endpointsOf('deployed').flatMap(({ method, paths }) =>
      paths.map((path) => `${method} ${path}`),
    );
    expect(routes.toSorted()).toEqual(expected.toSorted());
  });

  it('has no operation id twice', () => {
    const ids = operations.map(({ operation }) => operation.operationId);

    expect(new Set(ids).size).toBe(ids.length);
  });

  it('has references that all lead somewhere', () => {
    const references = referencesIn(document);

    expect(references.length).toBeGreaterThan(10);
    for (const reference of references) expect(resolve(reference), reference).toBeDefined();
  });

  it('has no component that nothing uses', () => {
    const used = new Set(referencesIn(document));
    const names = Object.keys(document.components.schemas ?? {});

    expect(names.filter((name) => !used.has(`#/components/schemas/${name}`))).toEqual([]);
  });

  it.each(operations.map((found) => [`${found.method} ${found.path}`, found] as const))(
    '%s declares its parameters, security, body and errors',
    (_, { path, method, operation }) => {
      const endpoint = endpoints.find(
        (candidate) => candidate.method.toLowerCase() === method && candidate.paths.includes(path),
      );
      if (!endpoint) throw new Error('The document has an operation that the contract has not');
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const declared = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
      expect(declared.map(({ name }) => name)).toEqual(inPath);
      for (const parameter of declared) expect(parameter.required).toBe(true);
      const schemes = operation.security.flatMap((entry) => Object.keys(entry));
      const { kind } = endpoint.access;
      expect(schemes).toEqual(kind === 'bearer' || kind === 'apiKey' ? [kind] : []);
      for (const scheme of schemes)
        expect(document.components.securitySchemes).toHaveProperty(scheme);
      expect(Object.keys(operation.requestBody?.content ?? {})).toEqual(
        endpoint.body ? (endpoint.bodyTypes ?? ['application/json']) : [],
      );
      for (const status of Object.keys(endpoint.responses))
        expect(operation.responses).toHaveProperty(status);
      for (const [status, response] of Object.entries(operation.responses)) {
        expect(status).toMatch(/^[2345]\d\d$/);
        if (Number(status) >= 400 && !(status in endpoint.responses))
          expect(Object.keys(response.content ?? {})).toEqual(['application/problem+json']);
      }
    },
  );

  it('has no keyword of OpenAPI 3.0 that 3.1 dropped', () => {
    const text = JSON.stringify(document);
    expect(text).not.toContain('"nullable"');
    expect(text).not.toMatch(/"exclusiveM(?:in|ax)imum":(?:true|false)/);
  });

  it('says where names may come once only', () => {
    const { schema } = document.paths['/api/v1/api-keys']?.post?.requestBody?.content[
      'application/json'
    ] ?? { schema: undefined };

    expect(schema).toMatchObject({ properties: { scopes: { uniqueItems: true } } });
  });

  it('tells nothing of AWS accounts, tables or secrets', () => {
    expect(JSON.stringify(document)).not.toMatch(/arn:aws|dynamodb|secretsmanager|TENANT#/i);
  });
});

function referencesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) =>
    name === '$ref' && typeof member === 'string' ? [member] : referencesIn(member),
  );
}

function resolve(reference: string): unknown {
  if (!reference.startsWith('#/')) return undefined;
  return reference
    .slice(2)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>(
      (found, part) => (found as Record<string, unknown> | undefined)?.[part],
      document,
    );
}
