import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type AwsServer, startAws } from '../../../harness/aws.ts';
import { minute, second, travel } from '../../../harness/clock.ts';
import { CachedSecret, readSecret } from '../../../shared/runtime/secrets.ts';

let aws: AwsServer;
let secret: CachedSecret<string>;
beforeAll(async () => {
  aws = await startAws({ GetSecretValue: () => ({ members: { SecretString: 'first' } }) });
  process.env.AWS_ENDPOINT_URL_SECRETS_MANAGER = aws.endpoint;
});
afterAll(() => aws.stop());
beforeEach(() => {
  aws.calls.length = 0;
  secret = new CachedSecret('SEALING_KEY_SECRET', (text) => text.toUpperCase(), 10 * minute);
});
afterEach(() => {
  vi.useRealTimers();
  aws.reset();
});
const becomes = (text: string) => {
  aws.actions.GetSecretValue = () => ({ members: { SecretString: text } });
};
const fails = () => {
  aws.actions.GetSecretValue = () => ({ error: 'AccessDeniedException' });
};

describe('a secret', () => {
  it('is asked for by its name', async () => {
    let asked: unknown;
    aws.actions.GetSecretValue = (input) => {
      asked = input;
      return { members: { SecretString: 'x' } };
    };

    expect(await readSecret('arn:of:the:secret')).toBe('x');
    expect(asked).toEqual({ SecretId: 'arn:of:the:secret' });
  });

  it.each([
    ['an error', () => ({ error: 'AccessDeniedException' })],
    ['a failure', () => ({ error: 'InternalServiceError', status: 500 })],
    ['no secret', () => ({ members: {} })],
    ['bytes', () => ({ members: { SecretBinary: 'AAAA' } })],
    ['a number', () => ({ members: { SecretString: 7 } })],
    ['nothing at all', () => ({ hangUp: true as const })],
  ])('is an error for %s (check 68)', async (_, answer) => {
    aws.actions.GetSecretValue = answer;

    await expect(readSecret('x')).rejects.toThrow();
  });
});

describe('the address of Secrets Manager', () => {
  const nowhere = 'http://127.0.0.1:1';
  const hosts: string[] = [];
  beforeEach(() => {
    hosts.length = 0;
    vi.stubGlobal('fetch', async (request: Request) => {
      hosts.push(new URL(request.url).origin);
      return Response.json({ SecretString: 'x' });
    });
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.unstubAllGlobals();
  });
  const ofAws = 'https://secretsmanager.us-east-1.amazonaws.com';

  it.each([
    [{}, ofAws],
    [{ AWS_ENDPOINT_URL: 'http://all.example' }, 'http://all.example'],
    [{ AWS_ENDPOINT_URL: 'http://all.example/' }, 'http://all.example'],
    [
      { AWS_ENDPOINT_URL_SECRETS_MANAGER: 'http://one.example', AWS_ENDPOINT_URL: nowhere },
      'http://one.example',
    ],
    [
      { AWS_ENDPOINT_URL_SECRETS_MANAGER: '', AWS_ENDPOINT_URL: 'http://all.example' },
      'http://all.example',
    ],
    [
      {
        AWS_ENDPOINT_URL_SECRETS_MANAGER: nowhere,
        AWS_ENDPOINT_URL: nowhere,
        AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true',
      },
      ofAws,
    ],
    [
      { AWS_ENDPOINT_URL: 'http://all.example', AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'false' },
      'http://all.example',
    ],
  ])('follows the environment as the AWS SDK does: %j', async (environment, host) => {
    const names = [
      'AWS_ENDPOINT_URL',
      'AWS_ENDPOINT_URL_SECRETS_MANAGER',
      'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS',
    ] as const;
    for (const name of names)
      vi.stubEnv(name, (environment as Record<string, string>)[name] ?? undefined);

    await readSecret('x');
    const sdk = new SecretsManagerClient({
      requestHandler: {
        handle: async ({ protocol, hostname }: { protocol: string; hostname: string }) => {
          hosts.push(`${protocol}//${hostname}`);
          throw Object.assign(new Error('seen'), { name: 'AbortError' });
        },
      } as never,
    });
    await sdk.send(new GetSecretValueCommand({ SecretId: 'x' })).catch(() => {});

    expect(hosts).toEqual([host, host]);
  });
});

describe('a remembered secret', () => {
  it('is read once for all who ask at once, and again when it is old', async () => {
    const values = await Promise.all(Array.from({ length: 20 }, () => secret.get()));
    expect(new Set(values)).toEqual(new Set(['FIRST']));
    expect(aws.calls).toHaveLength(1);
    becomes('second');
    travel(10 * minute - second);
    expect(await secret.get()).toBe('FIRST');

    travel(second);

    expect(await secret.get()).toBe('SECOND');
    expect(aws.calls).toHaveLength(2);
  });

  it('serves on while Secrets Manager fails, which is asked every 30 seconds', async () => {
    await secret.get();
    fails();
    travel(10 * minute);
    for (let ask = 0; ask < 5; ask += 1) expect(await secret.get()).toBe('FIRST');
    expect(aws.calls).toHaveLength(2);
    becomes('second');
    travel(30 * second);

    expect(await secret.get()).toBe('SECOND');
  });

  it('that was never read is an error each time, until it is read', async () => {
    fails();
    await expect(secret.get()).rejects.toThrow('Secrets Manager answered 400');
    await expect(secret.get()).rejects.toThrow('Secrets Manager answered 400');
    becomes('second');

    expect(await secret.get()).toBe('SECOND');
  });

  it('that does not parse is as good as not read', async () => {
    const keys = new CachedSecret('SEALING_KEY_SECRET', (text) => JSON.parse(text), minute);
    await expect(keys.get()).rejects.toThrow();
    becomes('{"a":1}');
    expect(await keys.get()).toEqual({ a: 1 });
    becomes('broken');
    travel(minute);

    expect(await keys.get()).toEqual({ a: 1 });
  });

  it('is read anew on demand, but not within the cooldown', async () => {
    await secret.get();
    becomes('second');
    expect(await secret.getNewerThan(30 * second)).toBe('FIRST');
    travel(30 * second);

    const values = await Promise.all(
      Array.from({ length: 20 }, () => secret.getNewerThan(30 * second)),
    );

    expect(new Set(values)).toEqual(new Set(['SECOND']));
    expect(aws.calls).toHaveLength(2);
  });
});
