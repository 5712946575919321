import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import type { miniResources } from '../mini-assembly.ts';
import { useMiniCloud } from '../mini-cloud.ts';

const arnOf = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });
const hour = 3600;

/** A schedule of each hour and one of each day, and a queue with its function. */
function withSchedules(resources: ReturnType<typeof miniResources>): void {
  const rule = (ScheduleExpression: string, id: string) => ({
    Type: 'AWS::Events::Rule',
    Properties: { ScheduleExpression, Targets: [{ Id: id, Arn: arnOf(id) }] },
  });
  Object.assign(resources, {
    Hourly: rule('rate(1 hour)', 'Tick'),
    Daily: rule('rate(1 day)', 'Logs'),
    Failing: rule('rate(2 days)', 'Throws'),
    Later: { Type: 'AWS::SQS::Queue', Properties: { VisibilityTimeout: 5 } },
    LaterSource: {
      Type: 'AWS::Lambda::EventSourceMapping',
      Properties: { EventSourceArn: arnOf('Later'), FunctionName: { Ref: 'Take' } },
    },
    TakePolicy: {
      Type: 'AWS::IAM::Policy',
      Properties: {
        Roles: [{ Ref: 'Role' }],
        PolicyDocument: {
          Statement: [{ Effect: 'Allow', Action: 'sqs:*', Resource: arnOf('Later') }],
        },
      },
    },
  });
}

const mini = useMiniCloud({}, withSchedules);

interface Answer {
  status: number;
  body: Record<string, unknown>;
}

async function send(method: string, path: string, body?: object): Promise<Answer> {
  const response = await fetch(`${mini.cloud.url}/_local/${path}`, {
    method,
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  return {
    status: response.status,
    body: (await response.json()) as Record<string, unknown>,
  };
}
const advance = (seconds: number) => send('POST', 'clock', { advance_seconds: seconds });
const lines = (functionId: string): Record<string, number>[] =>
  mini.cloud
    .logs()
    .flatMap(({ functionId: id, line }) =>
      id === functionId && line.startsWith('{') ? [JSON.parse(line)] : [],
    );

describe('the clock of the local cloud', () => {
  it('runs an hourly schedule 26 times in 26 hours, each at its hour, as the function sees it', async () => {
    // After the run that each schedule starts with.
    await send('POST', 'schedules/Tick/run');
    const before = Date.now();
    const start = lines('Tick').length;

    const { status, body } = await advance(26 * hour);

    expect(status).toBe(200);
    const runs = lines('Tick').slice(start);
    expect(runs).toHaveLength(26);
    for (const [index, { ms = 0 }] of runs.entries()) {
      const at = (ms - before) / 1000 / hour;
      expect(at).toBeGreaterThanOrEqual(index + 1);
      expect(at).toBeLessThan(index + 1.2);
    }
    expect(Date.parse(String(runs.at(-1)?.at))).toBe(runs.at(-1)?.ms);
    expect(Date.parse(String(runs.at(-1)?.event))).toBeLessThanOrEqual(Number(runs.at(-1)?.ms));
    expect(Date.parse(String(body.now))).toBeGreaterThanOrEqual(before + 26 * hour * 1000);
    expect(Date.now()).toBeGreaterThanOrEqual(before + 26 * hour * 1000);
  });

  it('runs a schedule that comes due several times within a step once', async () => {
    const start = lines('Tick').length;

    await advance(400 * hour);

    expect(lines('Tick').length - start).toBe(200);
  });

  it('makes delayed messages visible, and waits for what their function does', async () => {
    const client = new SQSClient({
      endpoint: mini.cloud.endpoints.sqs,
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    });
    const QueueUrl = 'https://sqs.us-east-1.amazonaws.com/000000000000/Mini-Later';
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'late', DelaySeconds: 900 }));
    client.destroy();

    await advance(890);
    expect(lines('Take')).toEqual([]);
    await advance(15);
    expect(lines('Take')).toMatchObject([{ taken: 'late' }]);
  });

  it.each([
    [0, /only goes forward/],
    [-3600, /only goes forward/],
    [1e12, /at most 315360000 seconds/],
    ['1', /number/],
  ])('refuses to advance by %j', async (seconds, reason) => {
    const before = await send('GET', 'clock');

    const { status, body } = await send('POST', 'clock', { advance_seconds: seconds });

    expect(status).toBe(400);
    expect(JSON.stringify(body.errors)).toMatch(reason);
    expect((await send('GET', 'clock')).body.ahead_seconds).toBe(before.body.ahead_seconds);
  });
});

describe('the schedules of the local cloud', () => {
  it('are listed with what their latest run came to', async () => {
    const { body } = await send('GET', 'schedules');

    expect(body).toEqual([
      {
        name: 'Tick',
        every_seconds: hour,
        next_at: expect.any(String),
        last_run: { started_at: expect.any(String), ms: expect.any(Number), error: null },
      },
      expect.objectContaining({ name: 'Logs', every_seconds: 24 * hour }),
      expect.objectContaining({ name: 'Throws' }),
    ]);
  });

  it('run when they are told to, and say how that went', async () => {
    const start = lines('Tick').length;

    const ran = await send('POST', 'schedules/Tick/run');

    expect(ran).toMatchObject({ status: 200, body: { name: 'Tick', error: null } });
    expect(lines('Tick').length - start).toBe(1);
    expect(await send('POST', 'schedules/Throws/run')).toMatchObject({
      status: 502,
      body: { code: 'run_failed', detail: expect.stringContaining('secret detail') },
    });
    for (const name of ['of/nothing', 'of%2Fnothing', '%'])
      expect(await send('POST', `schedules/${name}/run`)).toMatchObject({
        status: 404,
        body: { detail: expect.stringContaining('There are: Tick, Logs, Throws') },
      });
  });
});
