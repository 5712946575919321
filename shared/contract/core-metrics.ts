/**
 * What bounds the values of a dimension: a list of words, or something the product has a list of.
 * Never ids, addresses or anything that callers choose: each value is a metric of its own in
 * CloudWatch, and is paid for.
 */
export type ValueSource = 'endpoints' | 'queues' | 'schedules' | 'marketplaces' | readonly string[];

/** A metric that functions write themselves. */
export interface MetricDefinition {
  /** What its values are: occurrences to add up, a quantity as it is now, or how long something took. */
  readonly kind: 'count' | 'gauge' | 'milliseconds';
  readonly dimensions: Readonly<Record<string, ValueSource>>;
  readonly description: string;
}

export type MetricDefinitions = Readonly<Record<string, MetricDefinition>>;

/** How one call of a seller's marketplace ended. */
export const channelOutcomes = [
  'answered',
  'refused',
  'rate_limited',
  'malformed',
  'unavailable',
  'no_answer',
] as const;
export type ChannelOutcome = (typeof channelOutcomes)[number];

/** How one attempt of a delivery to a webhook ended. */
export const attemptOutcomes = [
  'delivered',
  'refused',
  'timeout',
  'connection_failed',
  'address_refused',
  'secret_unreadable',
  'internal_error',
] as const;

/** Every metric of the core. Features have lists of their own. */
export const coreMetrics = {
  Latency: {
    kind: 'milliseconds',
    dimensions: { endpoint: 'endpoints' },
    description: 'How long the function of an endpoint took for a request',
  },
  Faults: {
    kind: 'count',
    dimensions: { endpoint: 'endpoints' },
    description: 'Requests that the function of an endpoint answered with 5xx',
  },
  SignInRefused: {
    kind: 'count',
    dimensions: {},
    description: 'Sign-ins with a wrong email or password',
  },
  RefreshTokenReused: {
    kind: 'count',
    dimensions: {},
    description: 'Refresh tokens that came a second time, which ended their session',
  },
  MarketplaceMisconfigured: {
    kind: 'count',
    dimensions: {},
    description: 'Calls that AWS Marketplace refused for a reason that only we can mend',
  },
  ScheduledRuns: {
    kind: 'count',
    dimensions: { worker: 'schedules' },
    description: 'Runs by a schedule that ended well',
  },
  MessagesReceived: {
    kind: 'count',
    dimensions: { queue: 'queues' },
    description: 'Messages of a queue that its worker took',
  },
  MessagesFailed: {
    kind: 'count',
    dimensions: { queue: 'queues' },
    description: 'Messages of a queue that its worker failed at; they come again',
  },
  SellerCalls: {
    kind: 'count',
    dimensions: { marketplace: 'marketplaces', outcome: channelOutcomes },
    description: 'Calls of the seller APIs, each try of its own, by how they ended',
  },
  SellerLatency: {
    kind: 'milliseconds',
    dimensions: { marketplace: 'marketplaces' },
    description: 'How long a call of a seller API took, its body included',
  },
  WebhookAttempts: {
    kind: 'count',
    dimensions: { outcome: attemptOutcomes },
    description: 'Attempts to deliver an event to a webhook, by how they ended',
  },
  DeliveryLatency: {
    kind: 'milliseconds',
    dimensions: {},
    description: 'How long an attempt to deliver an event to a webhook took',
  },
  WebhookDisabled: {
    kind: 'count',
    dimensions: {},
    description: 'Webhooks that were switched off because their receiver is gone or keeps failing',
  },
} as const satisfies MetricDefinitions;
