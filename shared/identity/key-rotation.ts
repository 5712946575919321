import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { requireEnv, requireEnvOneOf } from '../runtime/config.ts';
import {
  parseKeySet,
  rotateKeys,
  type SigningKey,
  signingAlgorithms,
  toVerificationKeys,
} from './signing-keys.ts';

const client = new SecretsManagerClient({});
const verificationSecret = requireEnv('VERIFICATION_KEYS_SECRET');
const algorithm = requireEnvOneOf('TOKEN_ALGORITHM', signingAlgorithms);

/** One step of a rotation of the signing keys, as Secrets Manager calls it. Every step may be repeated. */
export interface RotationStep {
  Step: string;
  SecretId: string;
  ClientRequestToken: string;
}

/**
 * Carries out a step: `createSecret` makes the new key set as the pending version, `setSecret`
 * publishes its verification keys, `testSecret` sees that they are published, `finishSecret`
 * makes the set current and publishes when the earlier keys retire. A key is published well before
 * it signs, so all sessions stay valid.
 */
export async function rotateSigningKeys({
  Step,
  SecretId,
  ClientRequestToken,
}: RotationStep): Promise<void> {
  const versions = await versionStages(SecretId);
  if (versions[ClientRequestToken]?.includes('AWSCURRENT')) {
    // Interrupted between making the set current and publishing the retirement of earlier keys.
    if (Step === 'finishSecret') await publish(await readCurrent(SecretId));
    return;
  }
  if (!versions[ClientRequestToken]?.includes('AWSPENDING'))
    throw new Error('This version is not pending rotation');
  if (Step === 'createSecret') return createPending(SecretId, ClientRequestToken);
  if (Step === 'setSecret') {
    const pending = await readPending(SecretId, ClientRequestToken);
    return publish(withoutRetirement(pending, await readCurrent(SecretId)));
  }
  if (Step === 'testSecret')
    return assertPublished(await readPending(SecretId, ClientRequestToken));
  if (Step === 'finishSecret') {
    const pending = await readPending(SecretId, ClientRequestToken);
    await makeCurrent(SecretId, ClientRequestToken, versions);
    return publish(pending);
  }
  throw new Error('Unknown rotation step');
}

async function versionStages(SecretId: string): Promise<Record<string, string[]>> {
  const { VersionIdsToStages = {} } = await client.send(new DescribeSecretCommand({ SecretId }));
  return VersionIdsToStages;
}

async function createPending(SecretId: string, ClientRequestToken: string): Promise<void> {
  const pending = await readPending(SecretId, ClientRequestToken).catch((error: unknown) => {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  });
  if (pending) return;
  const keys = await rotateKeys(await readCurrent(SecretId), algorithm, Date.now());
  await client.send(
    new PutSecretValueCommand({
      SecretId,
      ClientRequestToken,
      SecretString: JSON.stringify({ keys }),
      VersionStages: ['AWSPENDING'],
    }),
  );
}

/** The keys in use; none before the first rotation. */
async function readCurrent(SecretId: string): Promise<SigningKey[]> {
  const { SecretString = '' } = await client.send(new GetSecretValueCommand({ SecretId }));
  const { keys }: { keys: unknown[] } = JSON.parse(SecretString);
  return keys.length === 0 ? [] : parseKeySet<SigningKey>(SecretString);
}

async function readPending(SecretId: string, VersionId: string): Promise<SigningKey[]> {
  const { SecretString = '' } = await client.send(
    new GetSecretValueCommand({ SecretId, VersionId, VersionStage: 'AWSPENDING' }),
  );
  return parseKeySet<SigningKey>(SecretString);
}

/**
 * The pending keys with the current ones as they still are: a key retires only once the set with
 * its successor is current, so a rotation that stops half way leaves everything as it was.
 */
function withoutRetirement(
  pending: readonly SigningKey[],
  current: readonly SigningKey[],
): SigningKey[] {
  return pending.map((key) => current.find(({ kid }) => kid === key.kid) ?? key);
}

async function publish(keys: readonly SigningKey[]): Promise<void> {
  const SecretString = JSON.stringify({ keys: toVerificationKeys(keys) });
  await client.send(new PutSecretValueCommand({ SecretId: verificationSecret, SecretString }));
}

async function assertPublished(keys: readonly SigningKey[]): Promise<void> {
  const { SecretString = '' } = await client.send(
    new GetSecretValueCommand({ SecretId: verificationSecret }),
  );
  const published = new Set(parseKeySet(SecretString).map(({ kid }) => kid));
  if (!keys.every(({ kid }) => published.has(kid)))
    throw new Error('The pending keys are not published');
}

async function makeCurrent(
  SecretId: string,
  pending: string,
  versions: Record<string, string[]>,
): Promise<void> {
  const current = Object.entries(versions).find(([, stages]) => stages.includes('AWSCURRENT'))?.[0];
  await client.send(
    new UpdateSecretVersionStageCommand({
      SecretId,
      VersionStage: 'AWSCURRENT',
      MoveToVersionId: pending,
      ...(current && { RemoveFromVersionId: current }),
    }),
  );
}
