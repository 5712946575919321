import { AwsClient } from 'aws4fetch';
import { requireEnv } from './config.ts';

/**
 * Reads one secret from Secrets Manager with a signed request and nothing else: the authorizer has
 * no room for the AWS SDK, so every function reads secrets this one way.
 * Throws when Secrets Manager does not answer with the secret within three seconds a try.
 */
export async function readSecret(secretArn: string): Promise<string> {
  const region = requireEnv('AWS_REGION');
  const sessionToken = process.env.AWS_SESSION_TOKEN;
  const signer = new AwsClient({
    accessKeyId: requireEnv('AWS_ACCESS_KEY_ID'),
    secretAccessKey: requireEnv('AWS_SECRET_ACCESS_KEY'),
    ...(sessionToken && { sessionToken }),
    service: 'secretsmanager',
    region,
    retries: 2,
    initRetryMs: 50,
  });
  const endpoint = configuredEndpoint() ?? `https://secretsmanager.${region}.amazonaws.com`;
  const response = await signer
    .fetch(`${endpoint.replace(/\/$/, '')}/`, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'secretsmanager.GetSecretValue',
      },
      body: JSON.stringify({ SecretId: secretArn }),
      signal: AbortSignal.timeout(3000),
    })
    .catch((cause: unknown) => {
      throw serverFault('Secrets Manager does not answer', cause);
    });
  if (response.status >= 500) throw serverFault(`Secrets Manager answered ${response.status}`);
  if (!response.ok) throw new Error(`Secrets Manager answered ${response.status}`);
  const answer: unknown = await response.json();
  if (
    typeof answer !== 'object' ||
    answer === null ||
    !('SecretString' in answer) ||
    typeof answer.SecretString !== 'string'
  ) {
    throw new Error('Secrets Manager answered without a secret');
  }
  return answer.SecretString;
}

/** The address that the environment gives to Secrets Manager, by the rules of the AWS SDK. */
function configuredEndpoint(): string | undefined {
  const { env } = process;
  if (env.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS === 'true') return undefined;
  return env.AWS_ENDPOINT_URL_SECRETS_MANAGER || env.AWS_ENDPOINT_URL || undefined;
}

/** An error marked as the AWS SDK marks those of AWS itself: worth another try. */
function serverFault(message: string, cause?: unknown): Error {
  return Object.assign(new Error(message, { cause }), { $fault: 'server' });
}

const retryAfterFailureMs = 30_000;

/**
 * A value read from a secret, kept for `maxAgeMs`. While Secrets Manager fails, the stale value
 * serves on and is asked for again every 30 seconds.
 */
export class CachedSecret<T> {
  /** The variable that names the secret. */
  readonly environmentName: string;
  readonly #parse: (secret: string) => T | Promise<T>;
  readonly #maxAgeMs: number;
  #value: { parsed: T; readAtMs: number } | undefined;
  #reading: Promise<T> | undefined;
  #askedAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    environmentName: string,
    parse: (secret: string) => T | Promise<T>,
    maxAgeMs: number,
  ) {
    this.environmentName = environmentName;
    this.#parse = parse;
    this.#maxAgeMs = maxAgeMs;
  }

  /** The value; read again when it is older than its age limit. Throws when it was never read. */
  async get(): Promise<T> {
    const value = this.#value;
    if (value && Date.now() - value.readAtMs < this.#maxAgeMs) return value.parsed;
    return this.getNewerThan(retryAfterFailureMs);
  }

  /** The value, asked for again unless that happened within the last `cooldownMs`, well or not. */
  async getNewerThan(cooldownMs: number): Promise<T> {
    const value = this.#value;
    const askedLately = !this.#reading && Date.now() - this.#askedAtMs < cooldownMs;
    if (value && askedLately) return value.parsed;
    try {
      return await this.#read();
    } catch (error) {
      if (!value) throw error;
      return value.parsed;
    }
  }

  #read(): Promise<T> {
    if (this.#reading) return this.#reading;
    this.#askedAtMs = Date.now();
    this.#reading = readSecret(requireEnv(this.environmentName))
      .then(this.#parse)
      .then((parsed) => {
        this.#value = { parsed, readAtMs: Date.now() };
        return parsed;
      })
      .finally(() => {
        this.#reading = undefined;
      });
    return this.#reading;
  }
}
