import { describe, expect, it } from 'vitest';
import { isKept } from '../../../local/lambda/log-level.ts';
import { useMiniCloud } from '../mini-cloud.ts';

const mini = useMiniCloud({ environment: { GREETING: 'moin' } });

describe('a function', () => {
  it('sees its own environment, what Lambda sets and the local endpoints, and nothing else', async () => {
    const environment = (await (await mini.get('/env')).json()) as Record<string, string>;

    expect(environment).toEqual({
      TABLE_NAME: 'Mini-Table',
      GREETING: 'moin',
      AWS_REGION: 'us-east-1',
      AWS_LAMBDA_FUNCTION_NAME: 'Mini-Env',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
      AWS_ACCESS_KEY_ID: expect.stringMatching(/^ASIA[0-9A-F]{16}$/),
      AWS_SECRET_ACCESS_KEY: expect.any(String),
      AWS_SESSION_TOKEN: expect.any(String),
      TZ: ':UTC',
      _X_AMZN_TRACE_ID: expect.stringMatching(
        /^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=1$/,
      ),
      AWS_ENDPOINT_URL_DYNAMODB: mini.cloud.table.guardedEndpoint,
      AWS_ENDPOINT_URL_S3: mini.cloud.endpoints.s3,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: mini.cloud.endpoints.secretsManager,
      AWS_ENDPOINT_URL_KMS: mini.cloud.endpoints.kms,
      AWS_ENDPOINT_URL_MARKETPLACE_METERING: mini.cloud.endpoints.marketplace,
      AWS_ENDPOINT_URL_MARKETPLACE_ENTITLEMENT_SERVICE: mini.cloud.endpoints.marketplace,
      AWS_ENDPOINT_URL_MARKETPLACE_AGREEMENT: mini.cloud.endpoints.marketplace,
      AWS_ENDPOINT_URL_SESV2: mini.cloud.endpoints.ses,
      AWS_ENDPOINT_URL_SQS: mini.cloud.endpoints.sqs,
    });
  });

  it('runs in at most four workers, each one event at a time', async () => {
    const answers = await Promise.all(
      Array.from(
        { length: 30 },
        async () =>
          (await mini.get('/id')).json() as Promise<{
            id: number;
            requestId: string;
            left: number;
          }>,
      ),
    );

    expect(new Set(answers.map(({ id }) => id)).size).toBeLessThanOrEqual(4);
    expect(new Set(answers.map(({ requestId }) => requestId)).size).toBe(30);
    expect(answers.every(({ left }) => left > 0 && left <= 1000)).toBe(true);
  });

  it('that ends its process is replaced for the next call', async () => {
    const { cloud } = mini;
    for (let i = 0; i < 6; i++) {
      expect(await cloud.invoke('exits', {})).toMatchObject({
        ok: false,
        reason: 'crash',
        errorType: 'Runtime.ExitError',
      });
    }
    expect(
      await Promise.all(Array.from({ length: 12 }, () => cloud.invoke('exits', {}))),
    ).toHaveLength(12);
  });

  it('that does not load says why, each time anew', async () => {
    for (let i = 0; i < 2; i++) {
      expect(await mini.cloud.invoke('broken', {})).toMatchObject({
        ok: false,
        reason: 'error',
        errorMessage: 'does not load',
      });
    }
  });

  it('is called by its id or its logical id, without the gateway', async () => {
    expect(await mini.cloud.invoke('echo', { a: 1 })).toEqual({
      ok: true,
      payload: JSON.stringify({ statusCode: 200, body: '{"a":1}' }),
    });
    expect(() => mini.cloud.invoke('nobody', {})).toThrow('There is no function nobody');
  });

  it('has its lines in the logs before its answer', async () => {
    mini.cloud.clearLogs();

    await mini.get('/logs');

    const requestId = expect.stringMatching(/^[0-9a-f-]{36}$/);
    expect(mini.cloud.logs()).toEqual([
      { functionId: 'Logs', requestId, stream: 'stdout', line: 'seen /logs' },
      { functionId: 'Logs', requestId, stream: 'stderr', line: 'bad' },
      { functionId: 'Logs', requestId, stream: 'stderr', line: 'worse' },
    ]);
  });
});

describe('a function that logs as JSON', () => {
  const withLevels = useMiniCloud({ environment: {} }, (resources) => {
    const { Env, Logs } = resources;
    Object.assign(Env?.Properties ?? {}, { LoggingConfig: { LogFormat: 'JSON' } });
    Object.assign(Logs?.Properties ?? {}, {
      LoggingConfig: { LogFormat: 'JSON', ApplicationLogLevel: 'WARN' },
    });
  });

  it('is told the level of Lambda, which is INFO by itself', async () => {
    const environment = await (await withLevels.get('/env')).json();

    expect(environment).toMatchObject({ AWS_LAMBDA_LOG_LEVEL: 'INFO' });
  });

  it('loses every line without a level above INFO, and so its metrics', async () => {
    withLevels.cloud.clearLogs();

    await withLevels.get('/logs');

    expect(withLevels.cloud.logs()).toEqual([]);
  });

  it.each([
    ['{"_aws":{"CloudWatchMetrics":[]},"Latency":5}', 'INFO', true],
    ['{"_aws":{"CloudWatchMetrics":[]},"Latency":5}', 'WARN', false],
    ['{"level":"DEBUG","message":"x"}', 'INFO', false],
    ['{"level":"WARN","message":"x"}', 'WARN', true],
    ['{"level":"CRITICAL","message":"x"}', 'ERROR', true],
    ['plain text with "level":"DEBUG"', 'INFO', true],
    ['{"level":"DEBUG"}', undefined, true],
  ])('%s at level %s is kept: %s', (line, level, kept) => {
    expect(isKept(line, level)).toBe(kept);
  });
});
