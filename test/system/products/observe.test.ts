import { describe, expect, it, vi } from 'vitest';
import { channelsOf } from '../../../harness/channels/fakes.ts';
import { metricsOf } from '../../../harness/emf.ts';
import { useSystem } from '../../../harness/system.ts';
import type { FunctionLog } from '../../../local/lambda/lambda.ts';

const system = useSystem();

const parsed = (logs: readonly FunctionLog[]) =>
  logs
    .filter(({ line }) => line.startsWith('{'))
    .map(({ functionId, line }) => ({ functionId, line: JSON.parse(line) }));

describe('a sync that somebody starts', () => {
  it('is followed through queue and worker by one id, and counted at /_local/metrics', async () => {
    const { access_token: token, tenant_id: tenantId } = await system.newOwner();
    const { cloud } = system;
    const ozon = channelsOf(cloud).ozon.createAccount({ products: 3 }).credentials;
    await system.send('PATCH', '/api/v1/tenants/me/credentials', { token, body: { ozon } });
    cloud.clearLogs();

    const { status } = await system.send('POST', '/api/v1/products/sync', { token, body: {} });

    expect(status).toBe(202);
    const completed = await vi.waitFor(
      () => {
        const found = parsed(cloud.logs()).find(({ line }) => line.message === 'sync_completed');
        const isOver = cloud
          .logs()
          .some(({ line }) => /"queue":"sync".*"MessagesReceived"/.test(line));
        if (!found || !isOver) throw new Error('The sync has not ended');
        return found;
      },
      { timeout: 20_000, interval: 50 },
    );
    const request = parsed(cloud.logs()).find(
      ({ functionId, line }) => functionId === 'ProductsSync' && line.message === 'request',
    );
    expect(request?.line.trace_id).toMatch(/^1-[0-9a-f]{8}-[0-9a-f]{24}$/);
    expect(completed.functionId).toBe('ProductsSyncWorker');
    expect(completed.line.trace_id).toBe(request?.line.trace_id);
    expect(completed.line.xray_trace_id).not.toBe(request?.line.trace_id);

    const ask = async (query: string) =>
      (await (await fetch(`${cloud.url}/_local/logs?${query}`)).text())
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line));
    const [told] = await ask(`request_id=${request?.line.request_id}&message=request`);
    const followed = await ask(`trace_id=${told.trace_id}`);
    expect(new Set(followed.map((line) => line.function))).toEqual(
      new Set(['ProductsSync', 'ProductsSyncWorker']),
    );

    const emitted = metricsOf(
      cloud
        .logs()
        .map(({ line }) => line)
        .join('\n'),
    );
    expect(new Set(emitted.map(({ namespace }) => namespace))).toEqual(new Set(['Tenantry/local']));
    const text = await (await fetch(`${cloud.url}/_local/metrics`)).text();
    for (const line of [
      'tenantry_syncs_started_total{trigger="manual"} 1',
      'tenantry_syncs_completed_total 1',
      'tenantry_synced_products_total 3',
      'tenantry_latency_seconds_count{endpoint="products/sync"} 1',
      'tenantry_api_requests_total{method="POST",route="/api/v1/products/sync",status="202"} 1',
      'tenantry_function_cold_starts_total{function="ProductsSyncWorker"} 1',
      'tenantry_queue_messages{queue="sync",state="visible"} 0',
      'tenantry_queue_dead_letters{queue="sync"} 0',
      'tenantry_scheduled_runs_total{worker="products/sync-sweep"} 1',
    ])
      expect(text).toContain(`${line}\n`);
    expect(text).not.toContain(tenantId);
  });
});
