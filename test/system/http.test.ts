import { describe, expect, it } from 'vitest';
import { useSystem } from '../../harness/system.ts';
import { gatewayPaths } from '../../shared/contract/endpoint.ts';
import { endpoints } from '../../shared/contract/registry.ts';

const system = useSystem({ LIMITS_MULTIPLIER: '100' });

const problemOf = (status: number, code: string) => ({
  type: `urn:tenantry:problem:${code}`,
  title: expect.any(String),
  status,
  detail: expect.any(String),
  code,
  request_id: expect.any(String),
});

describe('errors that no function makes', () => {
  it.each([
    ['GET', '/api/v1/nothing-here', 404, 'not_found'],
    ['GET', '/api', 404, 'not_found'],
    ['GET', '/auth/nothing-here', 404, 'not_found'],
    ['GET', '/marketplace/', 404, 'not_found'],
    ['GET', '/docs/nothing-here', 404, 'not_found'],
    ['GET', '/metrics', 404, 'not_found'],
    ['GET', '/redoc', 404, 'not_found'],
    ['GET', `/api/v1/tenants/me?${'x'.repeat(5000)}`, 414, 'uri_too_long'],
    ['GET', '/api/v1/tenants/me', 401, 'unauthorized'],
    ['PUT', '/api/v1/tenants/me', 405, 'method_not_allowed'],
    ['HEAD', '/api/v1/tenants/me', 405, 'method_not_allowed'],
  ])('%s %s is %i problem+json (check 73)', async (method, path, status, code) => {
    const reply = await system.send(method, path);

    expect(reply.status).toBe(status);
    expect(reply.headers.get('content-type')).toBe('application/problem+json');
    if (method !== 'HEAD') expect(reply.body).toEqual(problemOf(status, code));
  });

  it('asks for a bearer token where one is missing, malformed or refused', async () => {
    const tokens = [undefined, 'not-a-jwt', 'a.b.c'];
    for (const token of tokens) {
      const reply = await system.send('GET', '/api/v1/tenants/me', token ? { token } : {});

      expect(reply.status).toBe(401);
      expect(reply.headers.get('www-authenticate')).toMatch(/^Bearer/);
      expect(reply.body).toEqual(problemOf(401, 'unauthorized'));
    }
  });

  it('names the methods of a path when another is used, and on OPTIONS without a token (checks 76, 79)', async () => {
    const refused = await system.send('PUT', '/api/v1/api-keys');
    const preflight = await system.send('OPTIONS', '/api/v1/api-keys', {
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
    });

    expect(refused.headers.get('allow')).toBe('POST, GET, OPTIONS');
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('allow')).toBe('POST, GET, OPTIONS');
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('refuses a token of 16 kB with problem details (check 18)', async () => {
    const reply = await system.send('GET', '/api/v1/tenants/me', { token: 'a'.repeat(16_384) });

    expect(reply.status).toBe(431);
    expect(reply.body).toEqual(problemOf(431, 'headers_too_large'));
  });

  it('refuses what did not come through CloudFront', async () => {
    const direct = await fetch(`${system.cloud.apiUrl}/api/v1/health`);

    expect(direct.status).toBe(403);
    expect(direct.headers.get('content-type')).toContain('json');
  });
});

describe('every endpoint', () => {
  const bearerEndpoints = endpoints.filter(({ access }) => access.kind === 'bearer');

  it.each(
    bearerEndpoints.flatMap((endpoint) =>
      gatewayPaths(endpoint).map((path) => [endpoint.method, path]),
    ),
  )('is closed without a token: %s %s', async (method, path) => {
    const reply = await system.send(method, path.replace('{id}', 'key_00000000000000000000000000'));

    expect(reply.status).toBe(401);
  });

  it('carries security headers and is never stored (checks 37, 79)', async () => {
    for (const path of ['/', '/api/v1/health/', '/api/v1/nothing', '/api/v1/tenants/me']) {
      const { headers } = await system.send('GET', path);

      expect(headers.get('strict-transport-security')).toMatch(/max-age=31536000/);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('x-request-id')).toMatch(/.+/);
    }
  });

  it('takes a trailing slash or none', async () => {
    for (const path of [
      '/api/v1/health',
      '/api/v1/health/',
      '/api/v1/health/live',
      '/api/v1/health/live/',
      '/docs/',
    ]) {
      expect((await system.send('GET', path)).status).toBe(200);
    }
  });
});

describe('service endpoints', () => {
  it('tell what this is: as JSON to scripts, as the web app to browsers', async () => {
    const script = await system.send('GET', '/');
    const browser = await system.send<string>('GET', '/', { headers: { accept: 'text/html' } });

    expect(script.body).toEqual({
      name: 'Tenantry',
      version: '0.1.0',
      status: 'operational',
      docs: '/docs',
    });
    expect(browser.headers.get('content-type')).toContain('text/html');
    expect(browser.body).toContain('<script');
  });

  it('publish an OpenAPI 3.1 document, compressed for who asks', async () => {
    const reply = await system.send('GET', '/openapi.json', {
      headers: { 'accept-encoding': 'gzip' },
    });

    expect(reply.body).toMatchObject({ openapi: '3.1.0', info: { title: 'Tenantry' } });
    expect(reply.headers.get('content-encoding')).toBe('gzip');
  });

  it('are healthy, live and ready', async () => {
    expect(await system.send('GET', '/api/v1/health/')).toMatchObject({
      body: { status: 'healthy', service: 'tenantry' },
    });
    expect(await system.send('GET', '/api/v1/health/live')).toMatchObject({
      body: { status: 'alive' },
    });
    expect(await system.send('GET', '/api/v1/health/ready')).toMatchObject({
      status: 200,
      body: {
        status: 'healthy',
        checks: { table: { status: 'healthy' }, signing_keys: { status: 'healthy' } },
      },
    });
  });

  it('offer the local endpoints here, since this is the local stage', async () => {
    const stub = await system.send<{ status: string }>('POST', '/dev/stub-register');

    expect(stub).toMatchObject({ status: 201, body: { status: 'PENDING_PROFILE' } });
  });
});
