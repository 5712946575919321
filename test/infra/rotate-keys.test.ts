import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { deployedTarget, localTarget, rotate } from '../../infra/rotate-keys.ts';

/** A Secrets Manager that answers from a script and remembers what it was asked. */
class ScriptedSecretsManager {
  readonly calls: [action: string, input: Record<string, unknown>][] = [];
  answers: Record<string, (call: number) => object> = {};
  readonly #server = createServer(async (request, response) => {
    const action = String(request.headers['x-amz-target']).replace('secretsmanager.', '');
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    this.calls.push([action, JSON.parse(Buffer.concat(chunks).toString())]);
    const call = this.calls.filter(([name]) => name === action).length;
    response.setHeader('content-type', 'application/x-amz-json-1.1');
    response.end(JSON.stringify(this.answers[action]?.(call) ?? {}));
  });

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

let secretsManager: ScriptedSecretsManager;
let endpoint: string;
let dataDir: string;
beforeEach(async () => {
  secretsManager = new ScriptedSecretsManager();
  endpoint = await secretsManager.start();
  dataDir = mkdtempSync(join(tmpdir(), 'tenantry-rotate-'));
});
afterEach(() => {
  secretsManager.stop();
  vi.unstubAllEnvs();
});

const arn = 'arn:aws:secretsmanager:us-east-1:111122223333:secret:SigningKeys';

function runLocally(): void {
  writeFileSync(
    join(dataDir, 'endpoints.json'),
    JSON.stringify({ secrets_manager: endpoint, signing_keys_secret: arn }),
  );
}

describe('npm run keys:rotate against a local run', () => {
  it('asks for the rotation and waits until the new version is the current one', async () => {
    runLocally();
    secretsManager.answers = {
      RotateSecret: () => ({ ARN: arn, VersionId: 'v2' }),
      DescribeSecret: (call) => ({
        VersionIdsToStages:
          call < 3
            ? { v1: ['AWSCURRENT'], v2: ['AWSPENDING'] }
            : { v1: ['AWSPREVIOUS'], v2: ['AWSCURRENT'] },
      }),
    };

    const version = await rotate(localTarget(dataDir), { intervalMs: 1 });

    expect(version).toBe('v2');
    expect(secretsManager.calls.map(([action]) => action)).toEqual([
      'RotateSecret',
      ...Array(3).fill('DescribeSecret'),
    ]);
    for (const [, input] of secretsManager.calls) expect(input.SecretId).toBe(arn);
  });

  it('gives up on a rotation that does not end, and says where to look', async () => {
    runLocally();
    secretsManager.answers = {
      RotateSecret: () => ({ VersionId: 'v2' }),
      DescribeSecret: () => ({ VersionIdsToStages: { v2: ['AWSPENDING'] } }),
    };

    await expect(rotate(localTarget(dataDir), { intervalMs: 1, timeoutMs: 30 })).rejects.toThrow(
      /v2 has not ended.*keys\/rotate/,
    );
  });

  it('says how to start when nothing runs, and refuses a broken file', () => {
    expect(() => localTarget(dataDir)).toThrow(/npm start.*--stage dev/);

    writeFileSync(join(dataDir, 'endpoints.json'), '{"secrets_manager":"nowhere"}');
    expect(() => localTarget(dataDir)).toThrow();
  });
});

describe('npm run keys:rotate -- --stage dev', () => {
  beforeEach(() => {
    vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', endpoint);
    vi.stubEnv('AWS_REGION', 'eu-central-1');
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  });

  const tagged = (ARN: string, Value: string) => ({
    ARN,
    Tags: [{ Key: 'tenantry:secret', Value }],
  });

  it('finds the secret of the stage by its tag, among others and on a later page', async () => {
    secretsManager.answers = {
      ListSecrets: (call) =>
        call === 1
          ? { SecretList: [tagged('arn:other', 'dev/signing-keys-old')], NextToken: 'more' }
          : { SecretList: [tagged(arn, 'dev/signing-keys')] },
    };

    const target = await deployedTarget('dev');

    expect(target.secretId).toBe(arn);
    expect(secretsManager.calls[0]).toEqual([
      'ListSecrets',
      expect.objectContaining({
        Filters: [
          { Key: 'tag-key', Values: ['tenantry:secret'] },
          { Key: 'tag-value', Values: ['dev/signing-keys'] },
        ],
      }),
    ]);
  });

  it('says so when the stage is not deployed here, and refuses a stage that does not exist', async () => {
    secretsManager.answers = { ListSecrets: () => ({ SecretList: [] }) };

    await expect(deployedTarget('prod')).rejects.toThrow(/Tenantry-prod-Data/);
    await expect(deployedTarget('local')).rejects.toThrow(/Unknown stage/);
  });
});
