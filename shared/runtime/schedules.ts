import type { Context } from 'aws-lambda';
import { scheduledRuns } from '../contract/core-metrics.ts';
import { logger } from './logger.ts';
import { recordMetric } from './metrics.ts';
import { requestContext } from './request-context.ts';

/**
 * The Lambda handler of a function that a schedule runs; `worker` is its id in the contract. An
 * error fails the run, which is not counted then, and sets off an alarm.
 */
export function handleSchedule(worker: string, work: (context: Context) => Promise<void>) {
  return async (_event: unknown, context: Context): Promise<void> => {
    logger.addContext(context);
    await requestContext.run({ allowances: [], actor: { kind: 'system', id: worker } }, () =>
      work(context),
    );
    recordMetric(scheduledRuns, 1, { worker });
  };
}
