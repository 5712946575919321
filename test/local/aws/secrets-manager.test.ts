import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  RotateSecretCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCloud } from '../../../local/cloud.ts';
import { writeMiniAssembly } from '../mini-assembly.ts';
import { useMiniCloud } from '../mini-cloud.ts';

const mini = useMiniCloud();
let client: SecretsManagerClient;
let signing = '';

const clientWith = (accessKeyId: string) =>
  new SecretsManagerClient({
    endpoint: mini.cloud.endpoints.secretsManager,
    region: 'us-east-1',
    maxAttempts: 1,
    credentials: { accessKeyId, secretAccessKey: 'x' },
  });

beforeAll(() => {
  client = clientWith('local');
  signing = mini.cloud.secretArn('Signing');
});
afterAll(() => client.destroy());

const stepsSeen = () =>
  mini.cloud
    .logs()
    .flatMap(({ functionId, line }) => (functionId === 'Rotate' ? [JSON.parse(line).Step] : []));

describe('Secrets Manager', () => {
  it('has the secrets of the template, generated ones by its rules', async () => {
    const { SecretString, VersionStages, Name } = await client.send(
      new GetSecretValueCommand({ SecretId: signing }),
    );
    expect({ SecretString, Name }).toEqual({ SecretString: '{"keys":[]}', Name: 'Mini-Signing' });
    expect(VersionStages).toEqual(['AWSCURRENT']);

    const origin = await client.send(new GetSecretValueCommand({ SecretId: 'Mini-Origin' }));
    expect(origin.SecretString).toMatch(/^[A-Za-z0-9]{40}$/);
  });

  it('rotates at once what has a schedule, by the four steps of its function', () => {
    expect(stepsSeen().slice(0, 4)).toEqual([
      'createSecret',
      'setSecret',
      'testSecret',
      'finishSecret',
    ]);
  });

  it('keeps versions apart by their labels', async () => {
    const SecretId = signing;
    const put = await client.send(
      new PutSecretValueCommand({
        SecretId,
        SecretString: 'next',
        ClientRequestToken: 'a'.repeat(32),
        VersionStages: ['AWSPENDING'],
      }),
    );
    expect(put.VersionId).toBe('a'.repeat(32));
    expect(
      (await client.send(new GetSecretValueCommand({ SecretId, VersionStage: 'AWSPENDING' })))
        .SecretString,
    ).toBe('next');
    const { VersionIdsToStages = {} } = await client.send(new DescribeSecretCommand({ SecretId }));
    const [current = ''] =
      Object.entries(VersionIdsToStages).find(([, stages]) => stages.includes('AWSCURRENT')) ?? [];

    const move = { SecretId, VersionStage: 'AWSCURRENT', MoveToVersionId: 'a'.repeat(32) };
    await expect(client.send(new UpdateSecretVersionStageCommand(move))).rejects.toMatchObject({
      name: 'InvalidParameterException',
    });
    await client.send(
      new UpdateSecretVersionStageCommand({ ...move, RemoveFromVersionId: current }),
    );

    expect((await client.send(new GetSecretValueCommand({ SecretId }))).SecretString).toBe('next');
    expect(
      (await client.send(new GetSecretValueCommand({ SecretId, VersionStage: 'AWSPREVIOUS' })))
        .VersionId,
    ).toBe(current);
  });

  it('writes a version once: the same value again changes nothing, another one is refused', async () => {
    const put = (SecretString: string) =>
      client.send(
        new PutSecretValueCommand({
          SecretId: 'Mini-Origin',
          SecretString,
          ClientRequestToken: 'b'.repeat(32),
          VersionStages: ['X'],
        }),
      );
    await put('one');
    await put('one');

    await expect(put('two')).rejects.toMatchObject({ name: 'ResourceExistsException' });
  });

  it('rotates when asked and shows the new version as pending until the function has written it', async () => {
    mini.cloud.clearLogs();

    const { VersionId = '' } = await client.send(new RotateSecretCommand({ SecretId: signing }));

    expect(stepsSeen()).toEqual(['createSecret', 'setSecret', 'testSecret', 'finishSecret']);
    const {
      VersionIdsToStages = {},
      RotationEnabled,
      LastRotatedDate,
    } = await client.send(new DescribeSecretCommand({ SecretId: signing }));
    expect(VersionIdsToStages[VersionId]).toContain('AWSPENDING');
    expect([RotationEnabled, LastRotatedDate]).toEqual([true, expect.any(Date)]);
    await expect(
      client.send(new GetSecretValueCommand({ SecretId: signing, VersionId })),
    ).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it('knows no other secrets, and lets functions do only what their roles allow', async () => {
    await expect(
      client.send(new GetSecretValueCommand({ SecretId: 'nothing' })),
    ).rejects.toMatchObject({ name: 'ResourceNotFoundException' });

    const environment = (await (await mini.get('/env')).json()) as Record<string, string>;
    const ofFunction = clientWith(environment.AWS_ACCESS_KEY_ID ?? '');
    expect((await ofFunction.send(new GetSecretValueCommand({ SecretId: signing }))).Name).toBe(
      'Mini-Signing',
    );
    const denied = { name: 'AccessDeniedException' };
    await expect(
      ofFunction.send(new GetSecretValueCommand({ SecretId: 'Mini-Origin' })),
    ).rejects.toMatchObject(denied);
    await expect(
      ofFunction.send(new PutSecretValueCommand({ SecretId: signing, SecretString: 'x' })),
    ).rejects.toMatchObject(denied);
    ofFunction.destroy();
  });

  it('keeps its secrets over a restart and does not rotate again', async () => {
    const files = writeMiniAssembly();
    const first = await startCloud({ port: 0, environment: {}, ...files });
    const value = first.secrets.read(first.secretArn('Origin'));
    await first.stop();

    const second = await startCloud({ port: 0, environment: {}, ...files });
    expect(second.secrets.read(second.secretArn('Origin'))).toBe(value);
    expect(second.logs()).toEqual([]);
    await second.stop();
    files.remove();
  });
});
