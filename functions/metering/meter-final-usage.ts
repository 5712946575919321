import { setTimeout as wait } from 'node:timers/promises';
import { meterFinally } from '../../shared/metering/final.ts';
import { finalUsage } from '../../shared/metering/queue.ts';
import { handleBatch } from '../../shared/runtime/queues.ts';

/** Time to end what is under way. */
const reserveMs = 20_000;

export const handler = handleBatch(finalUsage, async (message, context) => {
  const hasTime = () => context.getRemainingTimeInMillis() > reserveMs;
  await meterFinally(message, { hasTime, wait });
});
