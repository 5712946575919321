import { readFileSync } from 'node:fs';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { type Answered, toEvent, useWorld } from '../../../harness/world.ts';
import { gatewayPaths } from '../../../shared/contract/endpoint.ts';
import { endpoints } from '../../../shared/contract/registry.ts';

const world = useWorld();
const open = endpoints.filter(({ id }) => id.startsWith('service/') || id.startsWith('health/'));

describe('root', () => {
  it('tells scripts what this is', async () => {
    for (const Accept of ['application/json', '*/*', '', 'application/json, text/html']) {
      const answer = await world.send('GET', '/', { headers: { Accept } });
      expect(answer.body).toEqual({
        name: 'Tenantry',
        version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
        status: 'operational',
        docs: '/docs',
      });
      expect(answer.headers.vary).toBe('accept');
    }
  });

  it('is the web app for browsers', async () => {
    const answer = (await world.send('GET', '/', {
      headers: { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' },
    })) as Answered<unknown>;

    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(answer.headers['content-security-policy']).toContain("default-src 'self'");
    expect(answer.headers['content-security-policy']).not.toContain('unsafe');
    expect(answer.headers.vary).toBe('accept');
    expect(answer.body).toBe(readFileSync('web/index.html', 'utf8'));
  });
});

describe('the documents', () => {
  it('are an OpenAPI 3.1 document and a page for it', async () => {
    const document = await world.send<{ openapi: string; paths: object }>('GET', '/openapi.json');
    const docs = (await world.send('GET', '/docs')) as Answered<unknown>;

    expect(document.body.openapi).toBe('3.1.0');
    expect(Object.keys(document.body.paths).filter((path) => path.startsWith('/dev'))).toEqual([]);
    expect(docs.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(docs.headers['content-security-policy']).not.toContain('unsafe');
  });
});

describe('health', () => {
  it('is told at its address', async () => {
    expect((await world.send('GET', '/api/v1/health')).body).toEqual({
      status: 'healthy',
      timestamp: expect.any(String),
      service: 'tenantry',
    });
    expect((await world.send('GET', '/api/v1/health/live')).body).toMatchObject({
      status: 'alive',
    });
  });

  it('is ready when everything answers', async () => {
    const answer = await world.send('GET', '/api/v1/health/ready');

    expect(answer).toMatchObject({
      status: 200,
      body: {
        status: 'healthy',
        checks: {
          table: { status: 'healthy', response_time_ms: expect.any(Number) },
          signing_keys: { status: 'healthy', response_time_ms: expect.any(Number) },
        },
      },
    });
  });
});

describe('every open endpoint', () => {
  it.each(open.map(({ id, paths }) => [id, paths[0]] as const))(
    '%s answers without anything, with security headers (checks 37, 79)',
    async (_, path) => {
      const { status, headers } = await world.send('GET', path.replace(/(.)\/$/, '$1'));

      expect(status).toBe(200);
      expect(headers).toMatchObject({
        'strict-transport-security': 'max-age=31536000; includeSubDomains',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
        'x-request-id': expect.any(String),
        'cache-control': expect.stringMatching(/^(?:no-store|public, max-age=300)$/),
      });
      for (const name of Object.keys(headers)) {
        expect(name).not.toMatch(/^access-control-/);
        expect(name).not.toBe('set-cookie');
      }
    },
  );
});

describe('a method that a path does not have', () => {
  const routes = [...new Set(endpoints.flatMap((endpoint) => gatewayPaths(endpoint)))];
  const call = (httpMethod: string, resource: string) => {
    const event = toEvent({ method: 'GET' }, resource, resource, {}, {});
    return world.invoke('service/method-not-allowed', {
      ...event,
      httpMethod,
    } satisfies APIGatewayProxyEvent);
  };
  const methodsOf = (path: string) =>
    endpoints
      .filter((endpoint) => gatewayPaths(endpoint).includes(path))
      .map(({ method }) => method);

  it.each(routes)('is a 405 that names those of %s (check 76)', async (path) => {
    for (const method of ['PUT', 'HEAD', 'TRACE', 'PROPFIND']) {
      const answer = await call(method, path);
      expect(answer).toMatchObject({
        status: 405,
        headers: { 'content-type': 'application/problem+json' },
        body: { code: 'method_not_allowed', status: 405 },
      });
      const allowed = answer.headers.allow?.split(', ');
      expect(allowed?.toSorted()).toEqual([...methodsOf(path), 'OPTIONS'].toSorted());
    }
  });

  it.each(routes)(
    'is answered when it is OPTIONS of %s, without a token or a wildcard (check 79)',
    async (path) => {
      const answer = await call('OPTIONS', path);

      expect([answer.status, answer.body]).toEqual([204, '']);
      expect(answer.headers.allow).toContain('OPTIONS');
      expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
      expect(answer.headers).toHaveProperty('strict-transport-security');
    },
  );
});
