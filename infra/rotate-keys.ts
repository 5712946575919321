import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import {
  DescribeSecretCommand,
  paginateListSecrets,
  RotateSecretCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import * as z from 'zod/mini';
import { publishAheadMs } from '../shared/identity/signing-keys.ts';
import { parseStage } from './stage.ts';

/** What a local run writes about itself into its data folder. */
const LocalEndpoints = z.looseObject({
  secrets_manager: z.url(),
  signing_keys_secret: z.string().check(z.minLength(1)),
});

export interface RotationTarget {
  readonly client: SecretsManagerClient;
  readonly secretId: string;
}

/** The signing keys of a deployed stage, found by the tag that the data stack gives them. */
export async function deployedTarget(stageName: string): Promise<RotationTarget> {
  const stage = parseStage(stageName);
  const client = new SecretsManagerClient({});
  const tag = { Key: 'tenantry:secret', Value: `${stage}/signing-keys` };
  const filters = [
    { Key: 'tag-key' as const, Values: [tag.Key] },
    { Key: 'tag-value' as const, Values: [tag.Value] },
  ];
  // Filters match prefixes, so the tags of what they find are compared as well.
  for await (const page of paginateListSecrets({ client }, { Filters: filters })) {
    const secret = page.SecretList?.find(({ Tags = [] }) =>
      Tags.some(({ Key, Value }) => Key === tag.Key && Value === tag.Value),
    );
    if (secret?.ARN) return { client, secretId: secret.ARN };
  }
  throw new Error(
    `No signing keys of stage ${stage} in this account and region: is Tenantry-${stage}-Data deployed here?`,
  );
}

/** The signing keys of the local run whose data folder is given. Throws if there is none. */
export function localTarget(dataDir: string, endpoint?: string): RotationTarget {
  const file = join(dataDir, 'endpoints.json');
  if (!existsSync(file)) {
    throw new Error(
      `No local run in ${dataDir}: start one with npm start, or name a deployed stage: --stage dev`,
    );
  }
  const local = LocalEndpoints.parse(JSON.parse(readFileSync(file, 'utf8')));
  const client = new SecretsManagerClient({
    endpoint: endpoint ?? local.secrets_manager,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  return { client, secretId: local.signing_keys_secret };
}

/** Starts a rotation and waits until the new version is the current one. Returns its id. */
export async function rotate(
  { client, secretId }: RotationTarget,
  { timeoutMs = 120_000, intervalMs = 1000 } = {},
): Promise<string> {
  const { VersionId: version } = await client.send(new RotateSecretCommand({ SecretId: secretId }));
  if (!version) throw new Error('Secrets Manager did not say which version it makes');

  const deadline = Date.now() + timeoutMs;
  while (Date.now() < deadline) {
    const { VersionIdsToStages: stages = {} } = await client.send(
      new DescribeSecretCommand({ SecretId: secretId }),
    );
    if (stages[version]?.includes('AWSCURRENT')) return version;
    await sleep(intervalMs);
  }
  throw new Error(
    `The rotation to version ${version} has not ended yet; see the log of keys/rotate`,
  );
}

if (import.meta.main) {
  try {
    const { stage } = parseArgs({ options: { stage: { type: 'string' } } }).values;
    const { DATA_DIR: dataDir = '.local', AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoint } =
      process.env;
    const version = await rotate(
      stage ? await deployedTarget(stage) : localTarget(dataDir, endpoint),
    );
    console.log(
      `Rotated: version ${version} is current. Its new key signs in ${publishAheadMs / 60_000} minutes; sessions stay valid.`,
    );
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
