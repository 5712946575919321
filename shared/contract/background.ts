import type { Needs } from './endpoint.ts';

/** A function that no route leads to. */
export interface BackgroundFunction extends Needs {
  /** Path of the handler below `functions/`, without `.ts`. */
  readonly id: string;
  readonly summary: string;
  /** When EventBridge calls it: `rate(1 day)`. */
  readonly schedule?: string;
}

export const authorizer: BackgroundFunction = {
  id: 'authorizer',
  summary: 'Verifies access tokens for API Gateway and injects the tenant',
  secrets: ['verification-keys'],
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
