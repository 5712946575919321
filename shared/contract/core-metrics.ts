import { defineMetric } from './metrics.ts';

export const latency = defineMetric({
  name: 'Latency',
  kind: 'milliseconds',
  dimensions: { endpoint: 'endpoints' },
  description: 'How long the function of an endpoint took for a request',
});

export const faults = defineMetric({
  name: 'Faults',
  kind: 'count',
  dimensions: { endpoint: 'endpoints' },
  description: 'Requests that the function of an endpoint answered with 5xx',
});

export const scheduledRuns = defineMetric({
  name: 'ScheduledRuns',
  kind: 'count',
  dimensions: { worker: 'schedules' },
  description: 'Runs by a schedule that ended well',
});

export const messagesReceived = defineMetric({
  name: 'MessagesReceived',
  kind: 'count',
  dimensions: { queue: 'queues' },
  description: 'Messages of a queue that its worker took',
});

export const messagesFailed = defineMetric({
  name: 'MessagesFailed',
  kind: 'count',
  dimensions: { queue: 'queues' },
  description: 'Messages of a queue that its worker failed at; they come again',
});
