import { verificationKeysSecret } from '../identity/secrets.ts';
import { tokenIssuer } from '../identity/settings.ts';
import type { Needs } from './endpoint.ts';
import type { MessageQueue } from './queues.ts';

/** A function that no route leads to. */
export interface BackgroundFunction extends Needs {
  /** Path of the handler below `functions/`, without `.ts`. */
  readonly id: string;
  readonly summary: string;
  /** The queue whose messages it consumes. Infra makes the queue and its dead-letter queue. */
  readonly queue?: MessageQueue;
  /** Messages per batch; default 10. */
  readonly batchSize?: number;
  /** Maximum concurrent batches, at least 2; default: no maximum. */
  readonly maxConcurrency?: number;
  /** How often it runs by itself. */
  readonly schedule?: Schedule;
}

/** A rate as EventBridge takes it. */
export type Schedule =
  | 'rate(1 minute)'
  | 'rate(1 hour)'
  | 'rate(1 day)'
  | `rate(${number} ${'minutes' | 'hours' | 'days'})`;

export const authorizer: BackgroundFunction = {
  id: 'authorizer',
  summary: 'Verifies access tokens for API Gateway and injects the tenant',
  secrets: [verificationKeysSecret],
  settings: [tokenIssuer],
};

export const fallback: BackgroundFunction = {
  id: 'service/method-not-allowed',
  summary: 'Answers every method that a known path does not have',
};

/** Secrets Manager calls it in four steps; infra grants it the writes that rotation needs. */
export const rotateSigningKeys: BackgroundFunction = {
  id: 'keys/rotate',
  summary: 'Makes a new signing key and publishes its verification key ahead of use',
  timeoutSeconds: 30,
};
