import { describe, expect, it } from 'vitest';
import {
  createEventBus,
  readEventRules,
  readTopicSubscriptions,
} from '../../../local/aws/event-bridge.ts';
import { compilePattern, PatternError } from '../../../local/aws/event-pattern.ts';
import { envelope } from '../../../local/aws/marketplace/events.ts';
import { Template } from '../../../local/template/template.ts';

const event = envelope(
  'License Updated - Manufacturer',
  'agmt-1',
  { license: { arn: 'arn:l-1' }, product: { code: 'sold' }, counts: [1, 20], note: null },
  Date.UTC(2026, 7, 20, 14, 23, 22),
);

describe('event patterns', () => {
  it.each<[object, boolean]>([
    [{ source: ['aws.agreement-marketplace'] }, true],
    [{ source: ['aws.other', 'aws.agreement-marketplace'] }, true],
    [{ source: ['AWS.agreement-marketplace'] }, false],
    [{ source: ['aws.agreement-marketplace'], account: ['1'] }, false],
    [{ 'detail-type': [{ prefix: 'License ' }] }, true],
    [{ 'detail-type': [{ prefix: 'license ' }] }, false],
    [{ 'detail-type': [{ prefix: { 'equals-ignore-case': 'LICENSE ' } }] }, true],
    [{ 'detail-type': [{ suffix: 'Manufacturer' }] }, true],
    [{ 'detail-type': [{ wildcard: 'License*Manufacturer' }] }, true],
    [{ 'detail-type': [{ wildcard: 'License*Proposer' }] }, false],
    [{ source: [{ 'equals-ignore-case': 'AWS.Agreement-Marketplace' }] }, true],
    [{ source: [{ 'anything-but': 'aws.agreement-marketplace' }] }, false],
    [{ source: [{ 'anything-but': ['a', 'b'] }] }, true],
    [{ source: [{ 'anything-but': { prefix: 'aws.' } }] }, false],
    [{ detail: { missing: [{ 'anything-but': 'x' }] } }, false],
    [{ detail: { license: { arn: [{ exists: true }] } } }, true],
    [{ detail: { license: { arn: [{ exists: false }] } } }, false],
    [{ detail: { missing: [{ exists: false }] } }, true],
    [{ detail: { missing: { arn: [{ exists: false }] } } }, true],
    [{ detail: { missing: ['x'] } }, false],
    [{ detail: { counts: [20] } }, true],
    [{ detail: { counts: [{ numeric: ['>', 1, '<', 20] }] } }, false],
    [{ detail: { counts: [{ numeric: ['>=', 20] }] } }, true],
    [{ detail: { note: [null] } }, true],
    [{ resources: [{ suffix: 'agmt-1' }] }, true],
    [{ $or: [{ source: ['x'] }, { detail: { product: { code: ['sold'] } } }] }, true],
    [{ $or: [{ source: ['x'] }, { detail: { product: { code: ['other'] } } }] }, false],
  ])('%j matches: %s', (pattern, matches) => {
    expect(compilePattern(pattern)(event)).toBe(matches);
  });

  it.each<[unknown]>([
    [{}],
    [[]],
    [{ source: 'aws.agreement-marketplace' }],
    [{ source: [] }],
    [{ source: [{ near: 'x' }] }],
    [{ source: [{ prefix: 'x', suffix: 'y' }] }],
    [{ source: [{ numeric: ['~', 1] }] }],
    [{ source: [{ exists: 'yes' }] }],
    [{ source: [['x']] }],
  ])('%j is refused', (pattern) => {
    expect(() => compilePattern(pattern)).toThrow(PatternError);
  });
});

const arnOf = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });
const queue = { Type: 'AWS::SQS::Queue', Properties: {} };
const templateOf = (resources: Record<string, { Type: string; Properties: object }>) =>
  new Template(
    [
      {
        name: 'Mini',
        parameters: {},
        conditions: {},
        mappings: {},
        outputs: {},
        resources: resources as never,
      },
    ],
    {},
  );
const rule = (target: object, pattern: object = { source: ['aws.agreement-marketplace'] }) => ({
  Type: 'AWS::Events::Rule',
  Properties: { EventPattern: pattern, Targets: [{ Id: 'Events', ...target }] },
});

/** What the queues of a template get of the event. */
async function delivered(resources: Parameters<typeof templateOf>[0]): Promise<string[]> {
  const template = templateOf({ Events: queue, ...resources });
  const bodies: string[] = [];
  const bus = createEventBus({
    rules: readEventRules(template),
    subscriptions: readTopicSubscriptions(template),
    deliver: async (arn, body) => void bodies.push(`${arn.split(':').at(-1)} ${body}`),
    invoke: async () => undefined,
  });
  await bus.take({ channel: 'event-bridge', event });
  return bodies;
}

describe('the event bus', () => {
  it('puts an event as it is into the queues of the rules that match', async () => {
    const bodies = await delivered({
      All: rule({ Arn: arnOf('Events') }),
      Others: rule({ Arn: arnOf('Events') }, { source: ['aws.s3'] }),
      Off: {
        Type: 'AWS::Events::Rule',
        Properties: {
          EventPattern: { source: ['aws.agreement-marketplace'] },
          State: 'DISABLED',
          Targets: [{ Id: 'x', Arn: arnOf('Events') }],
        },
      },
    });

    expect(bodies).toEqual([`Mini-Events ${JSON.stringify(event)}`]);
  });

  it.each<[object, string]>([
    [{ Input: '{"fixed":true}' }, '{"fixed":true}'],
    [{ InputPath: '$.detail.license' }, '{"arn":"arn:l-1"}'],
    [
      {
        InputTransformer: {
          InputPathsMap: { license: '$.detail.license.arn', all: '$.detail.counts' },
          InputTemplate: '{"license": "<license>", "all": <all>, "rule": "<aws.events.rule-name>"}',
        },
      },
      '{"license": "arn:l-1", "all": [1,20], "rule": "Mini-All"}',
    ],
  ])('honours the input of a rule: %j', async (input, body) => {
    expect(await delivered({ All: rule({ Arn: arnOf('Events'), ...input }) })).toEqual([
      `Mini-Events ${body}`,
    ]);
  });

  it('leaves out what a rule forwards to another bus', async () => {
    const forward = rule({ Arn: 'arn:aws:events:eu-central-1:000000000000:event-bus/default' });

    expect(await delivered({ Forward: forward })).toEqual([]);
  });

  it.each<[string, Parameters<typeof templateOf>[0], RegExp]>([
    ['target', { All: rule({ Arn: 'arn:aws:sns:us-east-1:1:topic' }) }, /queues and functions/],
    [
      'pattern',
      { All: rule({ Arn: arnOf('Events') }, { source: [{ near: 'x' }] }) },
      /the operator near/,
    ],
    ['path', { All: rule({ Arn: arnOf('Events'), InputPath: '$.detail[0]' }) }, /the path/],
  ])('refuses a %s that it does not know', (_, resources, reason) => {
    expect(() => readEventRules(templateOf({ Events: queue, ...resources }))).toThrow(reason);
  });

  it.each([
    [true, (body: string) => JSON.parse(body)],
    [false, (body: string) => JSON.parse(JSON.parse(body).Message)],
  ])('hands messages of the topics of products to queues; raw: %s', async (isRaw, read) => {
    const topic = 'aws-mp-subscription-notification-older';
    const template = templateOf({
      Events: queue,
      Own: { Type: 'AWS::SNS::Topic', Properties: {} },
      OwnHears: {
        Type: 'AWS::SNS::Subscription',
        Properties: { Protocol: 'sqs', TopicArn: { Ref: 'Own' }, Endpoint: arnOf('Events') },
      },
      Hears: {
        Type: 'AWS::SNS::Subscription',
        Properties: {
          Protocol: 'sqs',
          TopicArn: `arn:aws:sns:us-east-1:287250355862:${topic}`,
          Endpoint: arnOf('Events'),
          RawMessageDelivery: isRaw,
        },
      },
    });
    const bodies: string[] = [];
    const bus = createEventBus({
      rules: [],
      subscriptions: readTopicSubscriptions(template),
      deliver: async (_, body) => void bodies.push(body),
      invoke: async () => undefined,
    });

    const message = { action: 'subscribe-success' };
    const notice = {
      channel: 'sns',
      message_id: 'm-1',
      timestamp: '2026-11-21T00:00:00.000Z',
      message,
    } as const;
    await bus.take({ ...notice, topic_arn: `arn:aws:sns:us-east-1:1:${topic}` });
    await bus.take({ ...notice, topic_arn: 'arn:aws:sns:us-east-1:1:other' });

    expect(bodies.map(read)).toEqual([message]);
  });
});
