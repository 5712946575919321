import { describe, expect, it } from 'vitest';
import { emf, finder, readAfter } from '../../../harness/prometheus.ts';
import { metrics } from '../../../shared/contract/registry.ts';
import { useMiniCloud } from '../mini-cloud.ts';

const queue = (id: string, tag: string, more: object = {}) => ({
  Type: 'AWS::SQS::Queue',
  Properties: { Tags: [{ Key: `tenantry:${tag}`, Value: `local/${id}` }], ...more },
});
const mini = useMiniCloud({}, (resources) => {
  resources.Work = queue('work', 'queue');
  resources.WorkDeadLetters = queue('work', 'dead-letters');
});

async function scrape(): Promise<(name: string, labels?: object) => number | undefined> {
  const response = await mini.get('/_local/metrics');
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  return finder(await response.text());
}

describe('the metrics of functions', () => {
  it('are taken from their logs: counts add up, durations are seconds', async () => {
    const { find } = await readAfter(
      emf('Faults', 1, { endpoint: 'auth/login' }),
      emf('Faults', 1, { endpoint: 'auth/login' }),
      emf('Faults', 1, { endpoint: 'auth/logout' }),
      emf('Latency', 120, { endpoint: 'auth/login' }),
      emf('SignInRefused', 250),
    );

    expect(find('faults_total', { endpoint: 'auth/login' })).toBe(2);
    expect(find('faults_total', { endpoint: 'auth/logout' })).toBe(1);
    expect(find('latency_seconds_sum', { endpoint: 'auth/login' })).toBe(0.12);
    expect(find('latency_seconds_bucket', { endpoint: 'auth/login', le: '0.1' })).toBe(0);
    expect(find('latency_seconds_bucket', { endpoint: 'auth/login', le: '0.25' })).toBe(1);
    expect(find('sign_in_refused_total')).toBe(250);
  });

  it('have the texts of the list', async () => {
    const { text } = await readAfter();

    for (const { description } of metrics.values()) expect(text).toContain(description);
  });

  it('never get a line for what a function makes up, nor for what is no metric', async () => {
    const { text } = await readAfter(
      emf('Faults', 1, { endpoint: 'tnt_1' }),
      emf('Latency', 5, { endpoint: '/api/v1/tenants/tnt_1' }),
      emf('MadeUp', 1, { tenant_id: 'tnt_1' }),
      emf('SignInRefused', 'many'),
      { ...emf('SignInRefused', 5), stream: 'stderr' },
      { ...emf('SignInRefused', 5), line: '{"_aws":' },
      {
        ...emf('SignInRefused', 5),
        line: '{"_aws":{"CloudWatchMetrics":[null,{"Metrics":[null]}]}}',
      },
    );

    expect(text).not.toContain('tnt_1');
    expect(text).not.toContain('MadeUp');
    expect(finder(text)('faults_total', { endpoint: 'other' })).toBe(1);
    expect(finder(text)('sign_in_refused_total')).toBe(0);
  });
});

describe('what AWS would measure by itself', () => {
  it('has the calls of functions, how they ended, how long they took and which were cold', async () => {
    await mini.get('/throws');
    await mini.get('/overruns');
    await mini.get('/logs');
    await mini.get('/logs');

    const find = await scrape();

    expect(find('function_invocations_total', { function: 'Logs' })).toBe(2);
    expect(find('function_errors_total', { function: 'Logs' })).toBe(0);
    expect(find('function_cold_starts_total', { function: 'Logs' })).toBe(1);
    expect(find('function_duration_seconds_count', { function: 'Logs' })).toBe(2);
    expect(find('function_errors_total', { function: 'Throws' })).toBe(1);
    expect(find('function_timeouts_total', { function: 'Throws' })).toBe(0);
    expect(find('function_errors_total', { function: 'Hangs' })).toBe(1);
    expect(find('function_timeouts_total', { function: 'Hangs' })).toBe(1);
  });

  it('has the requests of the API by method, route as the API has it, and status', async () => {
    for (const id of ['one', 'two', 'tnt_secret']) await mini.get(`/echo/${id}`);
    await mini.get('/nowhere/tnt_secret');
    await mini.get('/me', { authorization: 'Bearer unauthorized' });

    const find = await scrape();

    const echo = { method: 'GET', route: '/echo/{id}' };
    expect(find('api_requests_total', { ...echo, status: '200' })).toBe(3);
    expect(find('api_latency_seconds_count', echo)).toBe(3);
    expect(find('api_requests_total', { method: 'none', route: 'none', status: '404' })).toBe(1);
    expect(find('api_requests_total', { method: 'GET', route: '/me', status: '401' })).toBe(1);
    expect(await (await mini.get('/_local/metrics')).text()).not.toContain('tnt_secret');
  });

  it('has the messages of queues by state, their dead letters, and this process', async () => {
    const { SendMessageCommand, SQSClient } = await import('@aws-sdk/client-sqs');
    const client = new SQSClient({
      endpoint: mini.cloud.endpoints.sqs,
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    });
    const send = (name: string, DelaySeconds = 0) =>
      client.send(
        new SendMessageCommand({
          QueueUrl: `http://localhost/000000000000/Mini-${name}`,
          MessageBody: 'x',
          DelaySeconds,
        }),
      );
    await send('Work');
    await send('Work', 900);
    await send('Work', 900);
    await send('WorkDeadLetters');
    client.destroy();

    const find = await scrape();

    expect(find('queue_messages', { queue: 'work', state: 'visible' })).toBe(1);
    expect(find('queue_messages', { queue: 'work', state: 'delayed' })).toBe(2);
    expect(find('queue_messages', { queue: 'work', state: 'in_flight' })).toBe(0);
    expect(find('queue_dead_letters', { queue: 'work' })).toBe(1);
    expect(find('local_process_resident_memory_bytes')).toBeGreaterThan(1_000_000);
  });

  it('takes nothing away from the logs, and is linked from the console', async () => {
    mini.cloud.clearLogs();
    await mini.get('/logs');

    expect(mini.cloud.logs().map(({ line }) => line)).toEqual(['seen /logs', 'bad', 'worse']);
    expect(await (await mini.get('/_local/')).text()).toContain('href="/_local/metrics"');
  });
});
