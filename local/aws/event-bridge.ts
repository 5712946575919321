import { isRecord, listOf, recordOf } from '../runtime/json.ts';
import { type Resource, type Template, TemplateError } from '../template/template.ts';
import { compilePattern, type Pattern, PatternError } from './event-pattern.ts';
import type { EventEnvelope, Notice } from './marketplace/state.ts';

/** A rule of the template that events are matched with. */
export interface EventRule {
  readonly name: string;
  readonly matches: Pattern;
  readonly targets: readonly EventTarget[];
}

interface EventTarget {
  /** Of a queue or a function. */
  readonly arn: string;
  /** What the target gets of an event. */
  readonly inputOf: (event: EventEnvelope) => string;
}

/** A subscription of the template: a queue that hears of a topic of another account. */
export interface TopicSubscription {
  readonly topicArn: string;
  readonly queueArn: string;
  /** The message alone, without the envelope of SNS. */
  readonly isRaw: boolean;
}

/** The rules with an event pattern. Throws TemplateError for what cannot run here. */
export function readEventRules(template: Template): EventRule[] {
  return template.ofType('AWS::Events::Rule').flatMap((rule): EventRule[] => {
    const { EventPattern: pattern, State: state, Targets: targets } = rule.properties;
    if (pattern === undefined || state === 'DISABLED') return [];
    return [
      {
        name: rule.name,
        matches: patternOf(rule, pattern),
        targets: listOf(targets).flatMap((target) => readTarget(template, rule, recordOf(target))),
      },
    ];
  });
}

function patternOf(rule: Resource, pattern: unknown): Pattern {
  try {
    return compilePattern(pattern);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    throw new TemplateError(
      rule.where,
      `its event pattern has what the local runner does not know: ${error.message}`,
    );
  }
}

function readTarget(
  template: Template,
  rule: Resource,
  target: Readonly<Record<string, unknown>>,
): EventTarget[] {
  const arn = String(target.Arn);
  // There is one bus here: what a rule forwards to another one is on it already.
  if (arn.includes(':event-bus/')) return [];
  const isKnown =
    template.find('AWS::SQS::Queue', arn, 'Arn') ??
    template.find('AWS::Lambda::Function', arn, 'Arn');
  if (!isKnown)
    throw new TemplateError(
      rule.where,
      'the local runner only knows queues and functions as targets of events',
    );
  return [{ arn, inputOf: inputOf(rule, target) }];
}

/** What the target of a rule is given: the event, a part of it, or a text made from parts. */
function inputOf(
  rule: Resource,
  target: Readonly<Record<string, unknown>>,
): (event: EventEnvelope) => string {
  const { Input: input, InputPath: path, InputTransformer: transformer } = target;
  if (typeof input === 'string') return () => input;
  if (typeof path === 'string') {
    const read = compilePath(rule, path);
    return (event) => JSON.stringify(read(event) ?? {});
  }
  if (!isRecord(transformer)) return (event) => JSON.stringify(event);
  const paths = Object.entries(recordOf(transformer.InputPathsMap)).map(
    ([name, value]) => [name, compilePath(rule, String(value))] as const,
  );
  const text = String(transformer.InputTemplate);
  return (event) => {
    const values = new Map<string, unknown>(paths.map(([name, read]) => [name, read(event)]));
    const reserved: Record<string, unknown> = {
      'aws.events.event': event,
      'aws.events.event.json': event,
      'aws.events.event.ingestion-time': event.time,
      'aws.events.rule-name': rule.name,
      'aws.events.rule-arn': rule.attribute('Arn'),
    };
    return text.replace(/"?<([\w.-]+)>"?/g, (whole: string, name: string) => {
      const value = values.has(name) ? values.get(name) : reserved[name];
      if (!values.has(name) && !(name in reserved)) return whole;
      const isQuoted = whole.startsWith('"') && whole.endsWith('"');
      if (isQuoted && typeof value === 'string') return JSON.stringify(value);
      const inner = typeof value === 'string' ? value : JSON.stringify(value ?? '');
      return whole.replace(/<[\w.-]+>/, () => inner);
    });
  };
}

/** `$.detail.agreement.id`: only members by name are known. */
function compilePath(rule: Resource, path: string): (event: unknown) => unknown {
  if (!/^\$(\.[\w-]+)*$/.test(path))
    throw new TemplateError(rule.where, `the local runner does not know the path ${path}`);
  const names = path.split('.').slice(1);
  return (event) => names.reduce((value, name) => recordOf(value)[name], event);
}

/** Queues that are subscribed to topics which are not of the template: those of AWS Marketplace. */
export function readTopicSubscriptions(template: Template): TopicSubscription[] {
  return template.ofType('AWS::SNS::Subscription').flatMap(({ properties, where }) => {
    const { Protocol: protocol, TopicArn: topic, Endpoint: endpoint } = properties;
    const isOwn = template.ofType('AWS::SNS::Topic').some(({ ref }) => ref === topic);
    if (protocol !== 'sqs' || isOwn) return [];
    if (properties.FilterPolicy !== undefined)
      throw new TemplateError(where, 'the local runner does not know filters of subscriptions');
    if (!template.find('AWS::SQS::Queue', String(endpoint), 'Arn'))
      throw new TemplateError(where, 'its queue is not in the template');
    return [
      {
        topicArn: String(topic),
        queueArn: String(endpoint),
        isRaw: String(properties.RawMessageDelivery) === 'true',
      },
    ];
  });
}

export interface EventBusOptions {
  readonly rules: readonly EventRule[];
  readonly subscriptions: readonly TopicSubscription[];
  /** Puts a message into a queue. */
  readonly deliver: (queueArn: string, body: string) => Promise<void>;
  readonly invoke: (functionArn: string, event: unknown) => Promise<void>;
}

/** The default bus of EventBridge and the topics of AWS Marketplace, with what hears of them. */
export function createEventBus({ rules, subscriptions, deliver, invoke }: EventBusOptions): {
  take(notice: Notice): Promise<void>;
} {
  const takeEvent = async (event: EventEnvelope) => {
    for (const { matches, targets } of rules) {
      if (!matches(event)) continue;
      for (const { arn, inputOf: input } of targets) {
        if (arn.includes(':sqs:')) await deliver(arn, input(event));
        else await invoke(arn, JSON.parse(input(event)));
      }
    }
  };
  const takeMessage = async (notice: Notice & { channel: 'sns' }) => {
    for (const subscription of subscriptions) {
      // The topics are in an account of AWS that a template may name in another way.
      if (subscription.topicArn.split(':').at(-1) !== notice.topic_arn.split(':').at(-1)) continue;
      const body = JSON.stringify(subscription.isRaw ? notice.message : notification(notice));
      await deliver(subscription.queueArn, body);
    }
  };
  return {
    take: (notice) => (notice.channel === 'sns' ? takeMessage(notice) : takeEvent(notice.event)),
  };
}

/** A message in the envelope of SNS. Its signature is none. */
export function notification(notice: Notice & { channel: 'sns' }) {
  return {
    Type: 'Notification',
    MessageId: notice.message_id,
    TopicArn: notice.topic_arn,
    Message: JSON.stringify(notice.message),
    Timestamp: notice.timestamp,
    SignatureVersion: '1',
    Signature: 'bG9jYWw=',
    SigningCertURL: 'https://sns.us-east-1.amazonaws.com/SimpleNotificationService-local.pem',
    UnsubscribeURL: 'https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe',
  };
}
