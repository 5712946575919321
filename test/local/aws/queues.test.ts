import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PurgeQueueCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { pollEventSource, readEventSources } from '../../../local/aws/event-sources.ts';
import { Identities } from '../../../local/aws/iam.ts';
import { readSchedules, runSchedules } from '../../../local/aws/schedules.ts';
import { startSqs } from '../../../local/aws/sqs.ts';
import type { InvokeResult, Lambda } from '../../../local/lambda/lambda.ts';
import { Clock } from '../../../local/runtime/clock.ts';
import type { Listener } from '../../../local/runtime/http.ts';
import { Template } from '../../../local/template/template.ts';
import { findQueues, replay } from '../../../operator/dead-letters.ts';

const arnOf = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });
const resources = {
  DeadLetters: {
    Type: 'AWS::SQS::Queue',
    Properties: { Tags: [{ Key: 'tenantry:dead-letters', Value: 'local/sample' }] },
  },
  Sample: {
    Type: 'AWS::SQS::Queue',
    Properties: {
      VisibilityTimeout: 1,
      Tags: [{ Key: 'tenantry:queue', Value: 'local/sample' }],
      RedrivePolicy: { deadLetterTargetArn: arnOf('DeadLetters'), maxReceiveCount: 2 },
    },
  },
  WorkerRole: {
    Type: 'AWS::IAM::Role',
    Properties: {
      Policies: [
        {
          PolicyDocument: {
            Statement: [
              {
                Effect: 'Allow',
                Action: ['sqs:ReceiveMessage', 'sqs:DeleteMessage'],
                Resource: arnOf('Sample'),
              },
            ],
          },
        },
      ],
    },
  },
  Worker: {
    Type: 'AWS::Lambda::Function',
    Properties: { Timeout: 1, Role: arnOf('WorkerRole') },
  },
  Source: {
    Type: 'AWS::Lambda::EventSourceMapping',
    Properties: {
      EventSourceArn: arnOf('Sample'),
      FunctionName: { Ref: 'Worker' },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    },
  },
};
type Resources = Record<string, { Type: string; Properties: Record<string, unknown> }>;
const templateOf = (all: Resources) =>
  new Template(
    [
      {
        name: 'Tenantry-local-Api',
        parameters: {},
        conditions: {},
        mappings: {},
        outputs: {},
        resources: all,
      },
    ],
    {},
  );

const template = templateOf(resources);
const identities = new Identities(template);
const settled = { timeout: 20_000, interval: 20 };
let sqs: Listener;
let operator: SQSClient;
beforeAll(async () => {
  sqs = await startSqs({ template, identities });
  operator = new SQSClient({
    endpoint: sqs.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
});
afterAll(async () => {
  operator.destroy();
  await sqs.stop();
});

/** A function that takes messages and fails at those that `isBad` names. */
function workerThat(isBad: (body: string) => boolean) {
  const received: string[] = [];
  const invoke = async (_: string, event: unknown): Promise<InvokeResult> => {
    const { Records } = event as { Records: { body: string; messageId: string }[] };
    received.push(...Records.map(({ body }) => body));
    const batchItemFailures = Records.filter(({ body }) => isBad(body)).map(({ messageId }) => ({
      itemIdentifier: messageId,
    }));
    return { ok: true, payload: JSON.stringify({ batchItemFailures }) };
  };
  return { received, lambda: { invoke } as unknown as Lambda };
}

describe('the local SQS', () => {
  it('hands messages to their function, and what it fails at to the dead letters, from where it is replayed', async () => {
    const [source] = readEventSources(template);
    if (!source) throw new Error('There is no event source');
    let isMended = false;
    const { received, lambda } = workerThat((body) => body === 'bad' && !isMended);
    const onError = vi.fn();
    const poller = pollEventSource(source, { endpoint: sqs.url, identities, lambda, onError });
    const queues = await findQueues(operator, 'local', 'sample');

    for (const MessageBody of ['a', 'bad', 'b'])
      await operator.send(new SendMessageCommand({ QueueUrl: source.queueUrl, MessageBody }));

    let replayed = 0;
    await vi.waitFor(async () => {
      replayed += await replay(operator, queues);
      expect(replayed).toBe(1);
    }, settled);
    isMended = true;
    await vi.waitFor(
      () => expect(received.filter((body) => body === 'bad').length).toBeGreaterThan(2),
      settled,
    );
    expect(received.filter((body) => body !== 'bad').sort()).toEqual(['a', 'b']);
    await poller.stop();
    expect(onError).not.toHaveBeenCalled();
  });

  it('lets a function do with a queue only what its role allows', async () => {
    const role = template.ofType('AWS::IAM::Role')[0];
    const client = new SQSClient({
      endpoint: sqs.url,
      region: 'us-east-1',
      credentials: identities.issue('Worker', role?.attribute('Arn') ?? ''),
      useQueueUrlAsEndpoint: false,
    });
    const [source] = readEventSources(template);

    await expect(
      client.send(new SendMessageCommand({ QueueUrl: source?.queueUrl, MessageBody: 'x' })),
    ).rejects.toMatchObject({ name: 'AccessDeniedException' });
    client.destroy();
  });

  it('hands the trace of a message to its function: of the attribute, or of the request that sent it', async () => {
    const [source] = readEventSources(template);
    if (!source) throw new Error('There is no event source');
    const seen = new Map<string, string | undefined>();
    const invoke = async (_: string, event: unknown): Promise<InvokeResult> => {
      const { Records } = event as {
        Records: { body: string; attributes: Record<string, string> }[];
      };
      for (const { body, attributes } of Records) seen.set(body, attributes.AWSTraceHeader);
      return { ok: true, payload: '{"batchItemFailures":[]}' };
    };
    const lambda = { invoke } as unknown as Lambda;
    const onError = vi.fn();
    const poller = pollEventSource(source, { endpoint: sqs.url, identities, lambda, onError });
    const traced = new SQSClient({
      endpoint: sqs.url,
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    });
    traced.middlewareStack.add(
      (next) => (args) => {
        Object.assign((args.request as { headers: object }).headers, {
          'X-Amzn-Trace-Id': 'Root=of-the-request',
        });
        return next(args);
      },
      { step: 'build' },
    );
    const attribute = {
      MessageSystemAttributes: {
        AWSTraceHeader: { DataType: 'String', StringValue: 'Root=of-the-message' },
      },
    };

    const to = { QueueUrl: source.queueUrl };
    await operator.send(new SendMessageCommand({ ...to, MessageBody: 'none' }));
    await traced.send(new SendMessageCommand({ ...to, MessageBody: 'request' }));
    await traced.send(new SendMessageCommand({ ...to, MessageBody: 'both', ...attribute }));

    await vi.waitFor(() => expect(seen.size).toBe(3), settled);
    expect(Object.fromEntries(seen)).toEqual({
      none: undefined,
      request: 'Root=of-the-request',
      both: 'Root=of-the-message',
    });
    await poller.stop();
    traced.destroy();
  });

  it.each([
    [undefined, 4],
    [{ MaximumConcurrency: 6 }, 6],
    [{ MaximumConcurrency: 50 }, 10],
  ])('works on batches side by side as the template has it: %j', async (ScalingConfig, atOnce) => {
    const [source] = readEventSources(
      templateOf({
        ...resources,
        Source: {
          ...resources.Source,
          Properties: { ...resources.Source.Properties, BatchSize: 1, ScalingConfig },
        },
      }),
    );
    if (!source) throw new Error('There is no event source');
    const finish: (() => void)[] = [];
    const invoke = () =>
      new Promise<InvokeResult>((resolve) => {
        finish.push(() => resolve({ ok: true, payload: '{"batchItemFailures":[]}' }));
      });
    const lambda = { invoke } as unknown as Lambda;
    const onError = vi.fn();
    const poller = pollEventSource(source, { endpoint: sqs.url, identities, lambda, onError });

    for (let message = 0; message <= atOnce; message += 1)
      await operator.send(
        new SendMessageCommand({ QueueUrl: source.queueUrl, MessageBody: String(message) }),
      );

    await vi.waitFor(() => expect(finish).toHaveLength(atOnce), settled);
    expect(source.maxBatches).toBe(atOnce);
    finish[0]?.();
    await vi.waitFor(() => expect(finish).toHaveLength(atOnce + 1), settled);
    for (const end of finish) end();
    await poller.stop();
    await operator.send(new PurgeQueueCommand({ QueueUrl: source.queueUrl }));
    expect(onError).not.toHaveBeenCalled();
  });

  it('refuses a queue that shows messages again before its function ends', () => {
    const Worker = {
      ...resources.Worker,
      Properties: { ...resources.Worker.Properties, Timeout: 9 },
    };

    expect(() => readEventSources(templateOf({ ...resources, Worker }))).toThrow(
      /before its function/,
    );
  });
});

describe('local schedules', () => {
  const rule = (ScheduleExpression: string) =>
    templateOf({
      ...resources,
      Rule: {
        Type: 'AWS::Events::Rule',
        Properties: { ScheduleExpression, Targets: [{ Id: 'Worker', Arn: arnOf('Worker') }] },
      },
    });

  it.each([
    ['rate(1 minute)', 60_000],
    ['rate(5 minutes)', 300_000],
    ['rate(1 hour)', 3_600_000],
    ['rate(2 days)', 172_800_000],
  ])('know %s', (expression, everyMs) => {
    expect(readSchedules(rule(expression))).toMatchObject([{ everyMs }]);
  });

  it.each(['cron(0 12 * * ? *)', 'rate(0 minutes)', 'rate(5 weeks)'])('refuse %s', (expression) => {
    expect(() => readSchedules(rule(expression))).toThrow(/rules with a rate/);
  });

  it('run at once and then at their rate, never twice at a time, until they are stopped', async () => {
    vi.useFakeTimers();
    const [schedule] = readSchedules(rule('rate(1 minute)'));
    if (!schedule) throw new Error('There is no schedule');
    let finish = () => {};
    let runs = 0;
    const folder = mkdtempSync(join(tmpdir(), 'tenantry-schedules-'));
    const clock = new Clock(folder);
    const running = runSchedules([schedule], {
      clock,
      invoke: () => {
        runs += 1;
        return new Promise<void>((resolve) => {
          finish = resolve;
        });
      },
      onError: () => undefined,
    });

    expect(runs).toBe(1);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(runs).toBe(1);
    finish();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(runs).toBe(2);
    finish();
    running.stop();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(runs).toBe(2);
    clock.stop();
    rmSync(folder, { recursive: true });
    vi.useRealTimers();
  });
});
