import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import type { BackgroundFunction } from '../../shared/contract/background.ts';
import { bearer, defineEndpoint } from '../../shared/contract/endpoint.ts';
import { defineQueue, queueVariable } from '../../shared/contract/queues.ts';
import { build, type Resource, resourcesOf, synthesize } from './templates.ts';

const sample = defineQueue('sample', () => z.object({ tenant_id: z.string() }));
const workers: BackgroundFunction[] = [
  {
    id: 'sample/work',
    summary: 'Consumes a queue',
    queue: sample,
    queues: [sample],
    batchSize: 1,
    maxConcurrency: 5,
    timeoutSeconds: 60,
  },
  { id: 'sample/sweep', summary: 'Looks after things', schedule: 'rate(5 minutes)' },
];
const endpoints = [
  defineEndpoint({
    id: 'sample/start',
    method: 'POST',
    paths: ['/sample'],
    tag: 'sample',
    summary: 'Queues something',
    access: bearer(['owner']),
    responses: { 202: { description: 'Queued' } },
    queues: [sample],
  }),
];
const options = { stage: 'prod', workers, endpoints } as const;
const { api } = synthesize(options);

function only(type: string, matching: (id: string) => boolean = () => true): [string, Resource] {
  const [found, another] = resourcesOf(api, type).filter(([id]) => matching(id));
  if (!found || another) throw new Error(`Expected one ${type}`);
  return found;
}
const [deadLettersId, deadLetters] = only('AWS::SQS::Queue', (id) => id.includes('DeadLetters'));
const [queueId, queue] = only('AWS::SQS::Queue', (id) => !id.includes('DeadLetters'));

describe('a queue', () => {
  it('is encrypted, and so are its dead letters', () => {
    for (const { Properties } of [queue, deadLetters])
      expect(Properties.SqsManagedSseEnabled).toBe(true);
  });

  it('refuses what does not come by TLS', () => {
    const policies = resourcesOf(api, 'AWS::SQS::QueuePolicy').map(([, { Properties }]) => [
      Properties.Queues[0].Ref,
      Properties.PolicyDocument.Statement[0],
    ]);

    expect(policies.map(([id]) => id).sort()).toEqual([queueId, deadLettersId].sort());
    for (const [, statement] of policies)
      expect(statement).toMatchObject({
        Effect: 'Deny',
        Action: 'sqs:*',
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      });
  });

  it('gives up on a message after five times and keeps it for two weeks', () => {
    expect(queue.Properties.RedrivePolicy).toEqual({
      deadLetterTargetArn: { 'Fn::GetAtt': [deadLettersId, 'Arn'] },
      maxReceiveCount: 5,
    });
    expect(deadLetters.Properties.MessageRetentionPeriod).toBe(14 * 86_400);
  });

  it('hides a message for six times as long as its function may take', () => {
    const [, { Properties }] = only('AWS::Lambda::Function', (id) => id === 'SampleWork');

    expect(queue.Properties.VisibilityTimeout).toBe(6 * Properties.Timeout);
  });

  it('hands its function batches of which single messages may fail', () => {
    const [, { Properties }] = only('AWS::Lambda::EventSourceMapping');

    expect(Properties).toMatchObject({
      BatchSize: 1,
      EventSourceArn: { 'Fn::GetAtt': [queueId, 'Arn'] },
      FunctionName: { Ref: 'SampleWork' },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 5 },
    });
  });

  it('rings an alarm at its first dead letter', () => {
    const [, { Properties }] = only('AWS::CloudWatch::Alarm', (id) => id.includes('DeadLetters'));

    expect(Properties).toMatchObject({
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Threshold: 1,
      Dimensions: [{ Name: 'QueueName', Value: { 'Fn::GetAtt': [deadLettersId, 'QueueName'] } }],
    });
    expect(Properties.AlarmActions).toHaveLength(1);
    expect(Properties.AlarmDescription).toContain('npm run operator -- dead-letters replay sample');
  });

  it('is found by tags, with its dead letters', () => {
    expect(queue.Properties.Tags).toContainEqual({ Key: 'tenantry:queue', Value: 'prod/sample' });
    expect(deadLetters.Properties.Tags).toContainEqual({
      Key: 'tenantry:dead-letters',
      Value: 'prod/sample',
    });
  });

  it('is known to those that send to it, and to nobody else', () => {
    const knowing = resourcesOf(api, 'AWS::Lambda::Function')
      .filter(([, { Properties }]) => Properties.Environment.Variables.SAMPLE_QUEUE_URL)
      .map(([id]) => id);

    expect(knowing.sort()).toEqual(['SampleStart', 'SampleWork']);
  });

  it('has a variable that Lambda takes, whatever its name', () => {
    expect(queueVariable({ name: 'stock-mails' })).toBe('STOCK_MAILS_QUEUE_URL');
  });

  it('belongs to one function', () => {
    const twice = [...workers, { id: 'sample/other', summary: 'Also', queue: sample }];

    expect(() => build({ ...options, workers: twice })).toThrow(/Two functions consume/);
  });

  it('must have a function that works it off before one may send to it', () => {
    expect(() => build({ ...options, workers: [] })).toThrow(
      /Nothing in the stacks is called sample/,
    );
  });
});

describe('a schedule', () => {
  it('runs its function, and may run no other', () => {
    const [ruleId, { Properties }] = only('AWS::Events::Rule');
    const target = { 'Fn::GetAtt': ['SampleSweep', 'Arn'] };
    const [, permission] = only('AWS::Lambda::Permission', (id) => id.includes('Schedule'));

    expect(Properties).toMatchObject({
      ScheduleExpression: 'rate(5 minutes)',
      Targets: [{ Arn: target }],
    });
    expect(permission.Properties).toMatchObject({
      FunctionName: target,
      Principal: 'events.amazonaws.com',
      SourceArn: { 'Fn::GetAtt': [ruleId, 'Arn'] },
    });
  });
});
