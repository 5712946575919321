import { beforeAll, describe, expect, it } from 'vitest';
import { constructIdOf } from '../../infra/function.ts';
import {
  authorizer,
  type BackgroundFunction,
  fallback,
  rotateSigningKeys,
} from '../../shared/contract/background.ts';
import type { Needs } from '../../shared/contract/endpoint.ts';
import { endpointsOf, families, items, kmsKeys, workers } from '../../shared/contract/registry.ts';
import { parameterName } from '../../shared/contract/settings.ts';
import { resourcesOf, synthesize, type Template, type Templates } from './templates.ts';

interface Statement {
  Effect: string;
  Action: string | string[];
  Resource: unknown;
  Condition?: Record<string, Record<string, string | string[]>>;
}

const list = (value: string | string[]): string[] => (Array.isArray(value) ? value : [value]);

/** The statements of every role in a template that a function assumes, by the function's logical id. */
function statementsByFunction(template: Template): Map<string, Statement[]> {
  return new Map(
    resourcesOf(template, 'AWS::Lambda::Function')
      .filter(([id]) => !id.startsWith('Custom'))
      .map(([id, { Properties }]) => {
        const role = template.Resources[Properties.Role['Fn::GetAtt'][0]];
        return [
          id,
          role?.Properties.Policies.flatMap(
            (policy: { PolicyDocument: { Statement: Statement[] } }) =>
              policy.PolicyDocument.Statement,
          ),
        ];
      }),
  );
}

/** `SigningKeys` as the contract has it: `signing-keys`. */
const wordsOf = (name: string) => name.replace(/(?!^)[A-Z]/g, '-$&').toLowerCase();

/** What a resource of a statement is, in words: `table`, `index series`, `secret signing-keys`, `*` … */
function describeResource(resource: unknown): string {
  const text = JSON.stringify(resource);
  const secret = /(SigningKeys|VerificationKeys|SealingKey|OriginVerify)/.exec(text)?.[1];
  if (secret) return `secret ${wordsOf(secret)}`;
  const role = /^\{"Fn::If":\["Has(\w+)",\{"Ref":"\1"\},"[^"]+role\/none"\]\}$/.exec(text)?.[1];
  if (role) return `role ${role}`;
  if (/GetAttTable\w+Arn/.test(text))
    return text.includes('/index/series') ? 'index series' : 'table';
  const key = /GetAtt(\w+)Key[0-9A-F]{8}Arn/.exec(text)?.[1];
  if (key) return `key ${wordsOf(key)}`;
  const bucket = /"Tenantry-\w+-([a-z-]+)-arn"/.exec(text)?.[1];
  if (bucket) return `${text.includes('"/*"') ? 'objects of' : 'bucket'} ${bucket}`;
  if (/Logs/.test(text)) return 'log group';
  const mail = /:(identity|configuration-set)\//.exec(text)?.[1];
  if (mail) return `mail ${mail}`;
  if (/RotationDeadLetters/.test(text)) return 'dead letters';
  const queue = /"Queues(\w+)[0-9A-F]{8}","Arn"/.exec(text)?.[1];
  if (queue) return `queue ${wordsOf(queue)}`;
  return String(resource);
}

/** Statements as flat permissions, one for each action, resource and key pattern. */
function flatten(statements: readonly Statement[]): string[] {
  return statements
    .flatMap(({ Action, Resource, Condition }) => {
      if (Condition?.StringLike?.['kms:EncryptionContext:tenant_id']) {
        return list(Action).map(
          (action) => `${action} on ${describeResource(Resource)} by context`,
        );
      }
      const patterns = list(
        Condition?.['ForAllValues:StringLike']?.['dynamodb:LeadingKeys'] ?? 'any key',
      );
      // CDK joins statements that differ only in their resource.
      const places = [Resource].flat().map(describeResource);
      return list(Action).flatMap((action) =>
        places.flatMap((place) =>
          patterns.map((pattern) => `${action} on ${place} for ${pattern}`),
        ),
      );
    })
    .sort();
}

/** The permissions that a contract entry asks for, written down the long way. */
function expectedPermissions(needs: Needs & Pick<BackgroundFunction, 'queue'>): string[] {
  const expected = [
    'logs:CreateLogStream on log group for any key',
    'logs:PutLogEvents on log group for any key',
    'xray:PutTelemetryRecords on * for any key',
    'xray:PutTraceSegments on * for any key',
  ];
  const table = (needs.table ?? []).flatMap(([{ pattern, isIndex }, actions]) =>
    actions.map(
      (action) => `dynamodb:${action} on ${isIndex ? 'index series' : 'table'} for ${pattern}`,
    ),
  );
  expected.push(...new Set(table));
  for (const secret of needs.secrets ?? []) {
    expected.push(`secretsmanager:GetSecretValue on secret ${secret.name} for any key`);
  }
  for (const queue of needs.queues ?? [])
    expected.push(`sqs:SendMessage on queue ${queue.name} for any key`);
  if (needs.queue)
    for (const action of ['ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes'])
      expected.push(`sqs:${action} on queue ${needs.queue.name} for any key`);
  for (const [{ name }, actions] of needs.kmsKeys ?? []) {
    for (const action of actions) {
      const bound = action === 'DescribeKey' ? 'for any key' : 'by context';
      expected.push(`kms:${action} on key ${name} ${bound}`);
    }
  }
  for (const setting of needs.assumes ?? [])
    expected.push(`sts:AssumeRole on role ${parameterName(setting)} for any key`);
  for (const [{ name }, actions] of needs.buckets ?? [])
    for (const action of actions) {
      const place = action === 'ListBucket' ? 'bucket' : 'objects of';
      expected.push(`s3:${action} on ${place} ${name} for any key`);
    }
  // The sender's domain, its address, and the configuration set.
  if (needs.mail === 'sends')
    for (const what of ['configuration-set', 'identity', 'identity'])
      expected.push(`ses:SendEmail on mail ${what} for any key`);
  for (const action of needs.actions ?? []) expected.push(`${action} on * for any key`);
  return expected.sort();
}

/** IAM's StringLike: `*` stands for any characters, `?` for one. */
function isLike(value: string, pattern: string): boolean {
  const expression = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${expression}$`, 's').test(value);
}

describe.each(['local', 'dev', 'prod'] as const)('the grants in stage %s', (stage) => {
  let templates: Templates;
  beforeAll(() => {
    templates = synthesize({ stage });
  });

  it('are for every function exactly what its contract entry says', () => {
    const entries = [...endpointsOf(stage), authorizer, fallback, ...workers];

    const granted = Object.fromEntries(
      [...statementsByFunction(templates.api)].map(([id, statements]) => [id, flatten(statements)]),
    );

    expect(granted).toEqual(
      Object.fromEntries(
        entries.map((entry) => [constructIdOf(entry.id), expectedPermissions(entry)]),
      ),
    );
  });

  it('let the rotation write the two key secrets and nothing else', () => {
    const statements =
      statementsByFunction(templates.data).get(constructIdOf(rotateSigningKeys.id)) ?? [];

    expect(flatten(statements)).toEqual(
      [
        ...expectedPermissions({}),
        'secretsmanager:DescribeSecret on secret signing-keys for any key',
        'secretsmanager:GetSecretValue on secret signing-keys for any key',
        'secretsmanager:GetSecretValue on secret verification-keys for any key',
        'secretsmanager:PutSecretValue on secret signing-keys for any key',
        'secretsmanager:PutSecretValue on secret verification-keys for any key',
        'secretsmanager:UpdateSecretVersionStage on secret signing-keys for any key',
        'sqs:SendMessage on dead letters for any key',
      ].sort(),
    );
  });

  it('let no function change or delete what is in the audit log, or take blocks from its chain', () => {
    const log = ['auditEntryPartition', 'auditChainPartition'];
    const patterns = families.filter(({ name }) => log.includes(name)).map((one) => one.pattern);
    const ownTenant = `TENANT#tnt_${'0'.repeat(26)}`;
    const partitions = [`${ownTenant}#AUDIT#2026-11`, `${ownTenant}#AUDIT-CHAIN`];
    const statements = [templates.data, templates.api].flatMap((template) =>
      [...statementsByFunction(template).values()].flat(),
    );
    const changing = statements.flatMap(({ Action, Condition }) => {
      const actions = list(Action).filter((action) =>
        /^dynamodb:(UpdateItem|DeleteItem|BatchWriteItem|PartiQL|\*)/.test(action),
      );
      const keys = list(Condition?.['ForAllValues:StringLike']?.['dynamodb:LeadingKeys'] ?? '*');
      return actions.length > 0 ? keys : [];
    });

    expect(patterns).toHaveLength(log.length);
    for (const partition of partitions)
      expect(patterns.filter((pattern) => isLike(partition, pattern))).toHaveLength(1);
    expect(changing.length).toBeGreaterThan(10);
    for (const pattern of changing)
      for (const partition of partitions) expect(isLike(partition, pattern), pattern).toBe(false);
  });

  it('let only the worker of the chain add blocks, and only the export write its bucket', () => {
    const granted = [...statementsByFunction(templates.api)].map(
      ([id, statements]) => [id, flatten(statements)] as const,
    );
    const holders = (permission: RegExp) =>
      granted.filter(([, some]) => some.some((one) => permission.test(one))).map(([id]) => id);

    expect(holders(/^dynamodb:PutItem on table for .*#AUDIT-CHAIN$/)).toEqual(['AuditChain']);
    expect(holders(/^s3:/)).toEqual(['AuditExport']);
  });

  it('bind every access to the table to partition keys, also where a request names none (check 65)', () => {
    const statements = [...statementsByFunction(templates.api).values()].flat();
    const onTable = statements.filter(({ Action }) =>
      list(Action).some((action) => action.startsWith('dynamodb:')),
    );

    expect(onTable.length).toBeGreaterThan(10);
    for (const { Condition, Effect } of onTable) {
      expect(Effect).toBe('Allow');
      expect(Condition).toEqual({
        'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': expect.anything() },
        Null: { 'dynamodb:LeadingKeys': 'false' },
      });
    }
  });

  it('let a KMS key encrypt for something named of a tenant only (check 69)', () => {
    const statements = [...statementsByFunction(templates.api).values()].flat();
    const onKey = statements.filter(({ Action }) =>
      list(Action).some((action) => /^kms:(?!DescribeKey)/.test(action)),
    );

    const encrypting = [...endpointsOf(stage), ...workers]
      .flatMap(({ kmsKeys = [] }) => kmsKeys)
      .filter(([, actions]) => actions.some((action) => action !== 'DescribeKey'));
    expect(onKey).toHaveLength(encrypting.length);
    const bound = [...kmsKeys.values()].map(({ context }) => ({
      'ForAllValues:StringEquals': { 'kms:EncryptionContextKeys': ['tenant_id', context] },
      StringLike: {
        'kms:EncryptionContext:tenant_id': `tnt_${'?'.repeat(26)}`,
        [`kms:EncryptionContext:${context}`]: '?*',
      },
    }));
    for (const { Condition } of onKey) expect(bound).toContainEqual(Condition);
  });

  it('put all families that an action may touch into one statement, as a batch over them needs', () => {
    for (const [id, statements] of statementsByFunction(templates.api)) {
      const places = statements
        .filter(({ Condition }) => Condition)
        .flatMap(({ Action, Resource }) =>
          list(Action).map((action) => `${action} ${describeResource(Resource)}`),
        );
      expect(places, id).toEqual([...new Set(places)]);
    }
  });

  it('never allow a scan, a wildcard action on the table, PartiQL or administration', () => {
    const actions = Object.values(templates).flatMap((template: Template) =>
      [...JSON.stringify(template).matchAll(/"(dynamodb:[A-Za-z*]+)"/g)].map(
        ([, action]) => action,
      ),
    );

    const allowed =
      'GetItem BatchGetItem Query PutItem UpdateItem DeleteItem BatchWriteItem ConditionCheckItem LeadingKeys';
    expect(actions.length).toBeGreaterThan(0);
    for (const action of actions)
      expect(allowed.split(' ').map((name) => `dynamodb:${name}`)).toContain(action);
  });
});

describe('the key patterns', () => {
  const partitions = items.flatMap(({ pk, series }) => [
    ...pk.split(', '),
    ...(series ? [series.split(' / ')[0] ?? ''] : []),
  ]);

  it.each(partitions)('match %s by one family', (partition) => {
    const example = partition
      .replace('<tenant>', `tnt_${'0'.repeat(26)}`)
      .replaceAll(/<[^>]+>/g, 'x1');

    expect(families.filter(({ pattern }) => isLike(example, pattern))).toHaveLength(1);
  });

  it('are each of an item', () => {
    expect(families.length).toBeGreaterThan(5);
    for (const { name, pattern } of families)
      expect(
        partitions.some((partition) =>
          isLike(partition.replace('<tenant>', `tnt_${'0'.repeat(26)}`), pattern),
        ),
        name,
      ).toBe(true);
  });

  it('are exact or end their prefix with #, so that no name can reach a neighbour', () => {
    for (const { pattern } of families)
      expect(pattern).toMatch(/^[A-Z]+(?:-[A-Z]+)*#(?:[^*]*|(?:[^*]*#)?\*)$/);
  });
});
