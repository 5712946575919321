import { randomInt, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Listener } from '../runtime/http.ts';
import { isRecord } from '../runtime/json.ts';
import { openStore, type Store } from '../runtime/store.ts';
import { type Resource, type Template, TemplateError } from '../template/template.ts';
import { type AwsCall, AwsError, serveAwsJson, textMember } from './aws.ts';
import type { Identities } from './iam.ts';

interface Version {
  /** Absent while a rotation has announced the version but not written it yet. */
  value?: string;
  stages: string[];
  createdAt: number;
}

interface Secret {
  name: string;
  arn: string;
  createdAt: number;
  changedAt: number;
  rotatedAt: number | null;
  versions: Record<string, Version>;
}

interface Rotation {
  readonly functionArn: string;
  readonly everyMs: number;
  readonly isImmediate: boolean;
}

export interface SecretsManagerOptions {
  readonly template: Template;
  readonly identities: Identities;
  readonly dataDir: string;
  /** Calls a rotation function. Rejects when the function fails. */
  readonly invoke: (functionArn: string, event: unknown) => Promise<void>;
  readonly onError?: (error: unknown) => void;
}

/** The fake AWS Secrets Manager: speaks its protocol, keeps its state in the data folder. */
export interface SecretsManager extends Listener {
  /** The current value of a secret. */
  read(secretId: string, stage?: string): string;
  /** Rotates whatever is due: what has just been made, what was interrupted, what is older than its schedule. */
  rotateDue(): Promise<void>;
}

const errorName = 'InvalidParameterException';
const dayMs = 24 * 60 * 60 * 1000;

/** Starts it with the secrets of the template; those it does not have yet are made. */
export async function startSecretsManager(options: SecretsManagerOptions): Promise<SecretsManager> {
  const { template, identities, dataDir } = options;
  const store = openStore<{ secrets: Record<string, Secret> }>(join(dataDir, 'secrets.json'), {
    secrets: {},
  });
  const known = template.ofType('AWS::SecretsManager::Secret').map(({ ref }) => ref);
  const rotations = readRotations(template);
  createMissing(store, template);

  const find = (id: string): Secret => {
    const secret = Object.values(store.value.secrets).find(
      ({ arn, name }) => known.includes(arn) && (arn === id || name === id),
    );
    if (!secret)
      throw new AwsError(
        'ResourceNotFoundException',
        "Secrets Manager can't find the specified secret.",
      );
    return secret;
  };
  const rotate = (secret: Secret, token: string = randomUUID()) =>
    runRotation(store, secret, token, rotations, options.invoke);

  const handle = async ({
    principal,
    action,
    input,
  }: AwsCall): Promise<Record<string, unknown>> => {
    const operation = operations[action];
    if (!operation && action !== 'RotateSecret') {
      throw new AwsError(
        'UnknownOperationException',
        `The local Secrets Manager does not know ${action}`,
      );
    }
    const secretId = textMember(input, 'SecretId', errorName);
    const secret = Object.values(store.value.secrets).find(
      ({ arn, name }) => arn === secretId || name === secretId,
    );
    principal.authorize(`secretsmanager:${action}`, secret?.arn ?? secretId);
    const found = find(secretId);
    if (operation) return operation(found, input, store, rotations);
    const token = await rotate(found, optionalText(input.ClientRequestToken));
    return { ...headOf(found), VersionId: token };
  };

  const listener = await serveAwsJson({
    target: 'secretsmanager',
    version: '1.1',
    identities,
    handle,
    ...(options.onError && { onError: options.onError }),
  });
  return {
    ...listener,
    read: (secretId, stage = 'AWSCURRENT') =>
      versionOf(find(secretId), undefined, stage)[1].value ?? '',
    rotateDue: async () => {
      for (const [secretId, rotation] of rotations) {
        const secret = find(secretId);
        const isFirst = secret.rotatedAt === null && rotation.isImmediate;
        const isOld = Date.now() - (secret.rotatedAt ?? secret.createdAt) > rotation.everyMs;
        if (isFirst || isOld) await rotate(secret, pendingToken(secret));
      }
    },
  };
}

type Operation = (
  secret: Secret,
  input: Readonly<Record<string, unknown>>,
  store: Store<unknown & object>,
  rotations: ReadonlyMap<string, Rotation>,
) => Record<string, unknown>;

const operations: Readonly<Record<string, Operation>> = {
  GetSecretValue: (secret, input) => {
    const [versionId, version] = versionOf(
      secret,
      optionalText(input.VersionId),
      optionalText(input.VersionStage),
    );
    return {
      ...headOf(secret),
      VersionId: versionId,
      SecretString: version.value,
      VersionStages: version.stages,
      CreatedDate: version.createdAt / 1000,
    };
  },
  DescribeSecret: (secret, _, __, rotations) => ({
    ...headOf(secret),
    RotationEnabled: rotations.has(secret.arn),
    RotationLambdaARN: rotations.get(secret.arn)?.functionArn,
    CreatedDate: secret.createdAt / 1000,
    LastChangedDate: secret.changedAt / 1000,
    ...(secret.rotatedAt !== null && { LastRotatedDate: secret.rotatedAt / 1000 }),
    VersionIdsToStages: Object.fromEntries(
      Object.entries(secret.versions)
        .filter(([, { stages }]) => stages.length > 0)
        .map(([id, { stages }]) => [id, stages]),
    ),
  }),
  PutSecretValue: (secret, input, store) => {
    const value = textMember(input, 'SecretString', errorName);
    const versionId = optionalText(input.ClientRequestToken) ?? randomUUID();
    const stages = Array.isArray(input.VersionStages)
      ? input.VersionStages.map(String)
      : ['AWSCURRENT'];
    const existing = secret.versions[versionId];
    if (existing?.value !== undefined && existing.value !== value) {
      throw new AwsError(
        'ResourceExistsException',
        'A resource with the ID you requested already exists.',
      );
    }
    secret.versions[versionId] = {
      value,
      stages: existing?.stages ?? [],
      createdAt: existing?.createdAt ?? Date.now(),
    };
    for (const stage of stages) moveStage(secret, stage, versionId);
    finish(secret, store);
    return {
      ...headOf(secret),
      VersionId: versionId,
      VersionStages: secret.versions[versionId]?.stages,
    };
  },
  UpdateSecretVersionStage: (secret, input, store) => {
    const stage = textMember(input, 'VersionStage', errorName);
    const to = optionalText(input.MoveToVersionId);
    const from = optionalText(input.RemoveFromVersionId);
    const holder = Object.keys(secret.versions).find((id) =>
      secret.versions[id]?.stages.includes(stage),
    );
    if (holder !== undefined && holder !== to && holder !== from) {
      throw new AwsError(
        errorName,
        `The staging label ${stage} is currently attached to version ${holder}, so you must explicitly reference that version in RemoveFromVersionId.`,
      );
    }
    if (to !== undefined && !secret.versions[to]) {
      throw new AwsError(
        'ResourceNotFoundException',
        "Secrets Manager can't find the specified secret version.",
      );
    }
    moveStage(secret, stage, to);
    finish(secret, store);
    return headOf(secret);
  },
};

const headOf = ({ arn, name }: Secret) => ({ ARN: arn, Name: name });

function optionalText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function versionOf(
  secret: Secret,
  versionId: string | undefined,
  stage: string | undefined,
): [string, Version] {
  const wanted = stage ?? (versionId === undefined ? 'AWSCURRENT' : undefined);
  const found = Object.entries(secret.versions).find(
    ([id, version]) =>
      (versionId === undefined || id === versionId) &&
      (wanted === undefined || version.stages.includes(wanted)),
  );
  if (found?.[1].value === undefined) {
    throw new AwsError(
      'ResourceNotFoundException',
      `Secrets Manager can't find the specified secret value for ${versionId ? `VersionId: ${versionId}` : `staging label: ${wanted}`}`,
    );
  }
  return found;
}

/** Moves a label. The version that loses AWSCURRENT gets AWSPREVIOUS, as in AWS. */
function moveStage(secret: Secret, stage: string, to: string | undefined): void {
  for (const [id, version] of Object.entries(secret.versions)) {
    if (id === to || !version.stages.includes(stage)) continue;
    version.stages = version.stages.filter((label) => label !== stage);
    if (stage === 'AWSCURRENT') moveStage(secret, 'AWSPREVIOUS', id);
  }
  const target = to === undefined ? undefined : secret.versions[to];
  if (target && !target.stages.includes(stage)) target.stages.push(stage);
}

function finish(secret: Secret, store: Store<object>): void {
  // Versions without a label are deprecated: AWS deletes them in its own time.
  for (const [id, { stages }] of Object.entries(secret.versions))
    if (stages.length === 0) delete secret.versions[id];
  secret.changedAt = Date.now();
  store.save();
}

function pendingToken(secret: Secret): string | undefined {
  return Object.keys(secret.versions).find((id) => {
    const stages = secret.versions[id]?.stages ?? [];
    return stages.includes('AWSPENDING') && !stages.includes('AWSCURRENT');
  });
}

async function runRotation(
  store: Store<object>,
  secret: Secret,
  token: string,
  rotations: ReadonlyMap<string, Rotation>,
  invoke: SecretsManagerOptions['invoke'],
): Promise<string> {
  const rotation = rotations.get(secret.arn);
  if (!rotation)
    throw new AwsError(
      'InvalidRequestException',
      'No Lambda rotation function ARN is associated with this secret.',
    );
  if (!secret.versions[token]) {
    secret.versions[token] = { stages: [], createdAt: Date.now() };
    moveStage(secret, 'AWSPENDING', token);
    store.save();
  }
  for (const step of ['createSecret', 'setSecret', 'testSecret', 'finishSecret']) {
    await invoke(rotation.functionArn, {
      Step: step,
      SecretId: secret.arn,
      ClientRequestToken: token,
    });
  }
  secret.rotatedAt = Date.now();
  finish(secret, store);
  return token;
}

function readRotations(template: Template): Map<string, Rotation> {
  return new Map(
    template
      .ofType('AWS::SecretsManager::RotationSchedule')
      .map(({ properties, where }): [string, Rotation] => {
        const rules = isRecord(properties.RotationRules) ? properties.RotationRules : {};
        const rate = /^rate\((\d+) days?\)$/.exec(String(rules.ScheduleExpression ?? ''))?.[1];
        const days = Number(rules.AutomaticallyAfterDays ?? rate);
        if (!properties.RotationLambdaARN || Number.isNaN(days)) {
          throw new TemplateError(
            where,
            'the local runner only knows rotation by a function every so many days',
          );
        }
        const isImmediate = properties.RotateImmediatelyOnUpdate !== false;
        return [
          String(properties.SecretId),
          { functionArn: String(properties.RotationLambdaARN), everyMs: days * dayMs, isImmediate },
        ];
      }),
  );
}

function createMissing(
  store: Store<{ secrets: Record<string, Secret> }>,
  template: Template,
): void {
  const missing = template
    .ofType('AWS::SecretsManager::Secret')
    .filter(({ ref }) => !store.value.secrets[ref]);
  if (missing.length === 0) return;
  const createdAt = Date.now();
  for (const resource of missing) {
    store.value.secrets[resource.ref] = {
      name: resource.name,
      arn: resource.ref,
      createdAt,
      changedAt: createdAt,
      rotatedAt: null,
      versions: {
        [randomUUID()]: { value: initialValue(resource), stages: ['AWSCURRENT'], createdAt },
      },
    };
  }
  store.save();
}

const letters = 'abcdefghijklmnopqrstuvwxyz';
const punctuation = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~';

function initialValue({ properties, where }: Resource): string {
  if (typeof properties.SecretString === 'string') return properties.SecretString;
  const generate = properties.GenerateSecretString;
  if (!isRecord(generate))
    throw new TemplateError(where, 'has neither SecretString nor GenerateSecretString');
  const {
    PasswordLength = 32,
    ExcludePunctuation,
    ExcludeLowercase,
    ExcludeUppercase,
    ExcludeNumbers,
    ExcludeCharacters = '',
  } = generate;
  const alphabet = [
    ...(ExcludeLowercase ? '' : letters),
    ...(ExcludeUppercase ? '' : letters.toUpperCase()),
    ...(ExcludeNumbers ? '' : '0123456789'),
    ...(ExcludePunctuation ? '' : punctuation),
  ].filter((character) => !String(ExcludeCharacters).includes(character));
  const password = Array.from(
    { length: Number(PasswordLength) },
    () => alphabet[randomInt(alphabet.length)],
  ).join('');
  if (generate.SecretStringTemplate === undefined) return password;
  const template: unknown = JSON.parse(String(generate.SecretStringTemplate));
  return JSON.stringify({
    ...(isRecord(template) ? template : {}),
    [String(generate.GenerateStringKey)]: password,
  });
}
