import { describe, expect, it } from 'vitest';
import { metricsOf } from '../../harness/emf.ts';
import { useSystem } from '../../harness/system.ts';

const system = useSystem();

describe('a request', () => {
  it('is found in the logs by its ids, and counted at /_local/metrics', async () => {
    const { access_token: token, tenant_id: tenantId } = await system.newOwner();
    const { cloud } = system;
    cloud.clearLogs();

    const { status, headers } = await system.send('GET', '/api/v1/tenants/me', { token });

    expect(status).toBe(200);
    const ask = async (query: string): Promise<Record<string, unknown>[]> =>
      (await (await fetch(`${cloud.url}/_local/logs?${query}`)).text())
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line));
    const [told] = await ask(`request_id=${headers.get('x-request-id')}&message=request`);
    expect(told).toMatchObject({ function: 'TenantsGetMine', tenant_id: tenantId });
    expect(told?.trace_id).toMatch(/^1-[0-9a-f]{8}-[0-9a-f]{24}$/);
    const followed = await ask(`trace_id=${told?.trace_id}`);
    expect(new Set(followed.map((line) => line.function))).toEqual(new Set(['TenantsGetMine']));
    expect((await fetch(`${cloud.url}/_local/logs?email=x`)).status).toBe(400);

    const lines = cloud.logs().map(({ line }) => line);
    const emitted = metricsOf(lines.join('\n'));
    expect(new Set(emitted.map(({ namespace }) => namespace))).toEqual(new Set(['Tenantry/local']));
    const text = await (await fetch(`${cloud.url}/_local/metrics`)).text();
    for (const line of [
      'tenantry_latency_seconds_count{endpoint="tenants/get-mine"} 1',
      'tenantry_api_requests_total{method="GET",route="/api/v1/tenants/me",status="200"} 1',
      'tenantry_function_cold_starts_total{function="TenantsGetMine"} 1',
    ])
      expect(text).toContain(`${line}\n`);
    expect(text).not.toContain(tenantId);
  });
});
