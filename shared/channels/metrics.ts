import { defineMetric } from '../contract/metrics.ts';
import { channelNames } from './names.ts';

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

export const sellerCalls = defineMetric({
  name: 'SellerCalls',
  kind: 'count',
  dimensions: { marketplace: channelNames, outcome: channelOutcomes },
  description: 'Calls of the seller APIs, each try counted, by how they ended',
});

export const sellerLatency = defineMetric({
  name: 'SellerLatency',
  kind: 'milliseconds',
  dimensions: { marketplace: channelNames },
  description: 'How long a call of a seller API took, its body included',
});
