import type { Context } from 'aws-lambda';
import { rewrapCredentials } from '../../shared/credential-rotation.ts';
import { logger } from '../../shared/observe.ts';

const reserveMs = 15_000;

/** Runs by schedule. What one run does not reach, the next one does. */
export async function handler(_: unknown, context: Context): Promise<void> {
  const outcome = await rewrapCredentials(
    Date.now() + context.getRemainingTimeInMillis() - reserveMs,
  );
  logger.info('rewrapped_credentials', outcome);
}
