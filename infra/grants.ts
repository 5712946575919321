import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { KeyName, Needs, QueueName, SecretName } from '../shared/contract/endpoint.ts';
import { type KeyFamily, seriesIndex, tenantPattern } from '../shared/table/family.ts';

/** What functions are granted access to. */
export interface GrantedResources {
  readonly tableArn: string;
  readonly secretArns: Readonly<Record<SecretName, string>>;
  /** Queues by name; those without a worker do not exist. */
  readonly queueArns?: Readonly<Partial<Record<QueueName, string>>>;
  readonly keyArns: Readonly<Record<KeyName, string>>;
}

/** The statements for exactly what a contract entry needs: nothing wider, nothing else. */
export function statementsFor(
  needs: Needs & { readonly queue?: QueueName },
  resources: GrantedResources,
): PolicyStatement[] {
  return [
    ...tableStatements(needs.table ?? [], resources.tableArn),
    ...(needs.secrets ?? []).map(
      (name) =>
        new PolicyStatement({
          actions: ['secretsmanager:GetSecretValue'],
          resources: [resources.secretArns[name]],
        }),
    ),
    ...(needs.queues ?? []).map((name) => queueStatement(name, ['SendMessage'], resources)),
    ...(needs.queue ? [queueStatement(needs.queue, consumerActions, resources)] : []),
    ...keyStatements(needs.keys ?? {}, resources.keyArns),
    ...(needs.actions?.length
      ? [new PolicyStatement({ actions: [...needs.actions], resources: ['*'] })]
      : []),
  ];
}

/** What Lambda does in the name of a function that works off a queue. */
const consumerActions = ['ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes'];

function queueStatement(
  name: QueueName,
  actions: readonly string[],
  { queueArns }: GrantedResources,
): PolicyStatement {
  const arn = queueArns?.[name];
  if (!arn) throw new Error(`No function works off the queue ${name}`);
  return new PolicyStatement({
    actions: actions.map((action) => `sqs:${action}`),
    resources: [arn],
  });
}

/**
 * One statement per set of families that the same actions may touch. Not one per family: all keys
 * of a batch are checked against one statement, so a batch over two families needs both in it.
 */
function tableStatements(table: NonNullable<Needs['table']>, tableArn: string): PolicyStatement[] {
  const familiesByAction = new Map<string, Set<KeyFamily>>();
  for (const [family, actions] of table) {
    for (const action of actions) {
      const place = `${action} ${family.isIndex ? 'index' : 'table'}`;
      familiesByAction.set(place, (familiesByAction.get(place) ?? new Set()).add(family));
    }
  }

  const placesByFamilies = Map.groupBy(familiesByAction, ([place, families]) =>
    [place.split(' ')[1], ...[...families].map(({ name }) => name)].join(' '),
  );
  return [...placesByFamilies.values()].map((places) => {
    const families = [...(places[0]?.[1] ?? [])];
    const isIndex = families.some((family) => family.isIndex);
    return new PolicyStatement({
      actions: places.map(([place]) => `dynamodb:${place.split(' ')[0]}`),
      resources: [isIndex ? `${tableArn}/index/${seriesIndex}` : tableArn],
      conditions: {
        'ForAllValues:StringLike': {
          'dynamodb:LeadingKeys': families.map(({ pattern }) => pattern),
        },
        // ForAllValues holds for requests without leading keys, such as a Scan.
        Null: { 'dynamodb:LeadingKeys': 'false' },
      },
    });
  });
}

/** Members of the encryption context of everything that a key of the product encrypts. */
const contextKeys = ['tenant_id', 'credential'];

/** Encryption only with a context that names a tenant and its credential, and nothing besides. */
function keyStatements(
  keys: NonNullable<Needs['keys']>,
  keyArns: GrantedResources['keyArns'],
): PolicyStatement[] {
  return (Object.entries(keys) as [KeyName, readonly string[]][]).flatMap(([name, actions]) => {
    const plain = actions.filter((action) => action === 'DescribeKey');
    const bound = actions.filter((action) => action !== 'DescribeKey');
    const toActions = (names: string[]) => names.map((action) => `kms:${action}`);
    const resources = [keyArns[name]];
    return [
      ...(plain.length ? [new PolicyStatement({ actions: toActions(plain), resources })] : []),
      ...(bound.length
        ? [
            new PolicyStatement({
              actions: toActions(bound),
              resources,
              conditions: {
                'ForAllValues:StringEquals': { 'kms:EncryptionContextKeys': contextKeys },
                StringLike: {
                  'kms:EncryptionContext:tenant_id': tenantPattern.replace('TENANT#', ''),
                  'kms:EncryptionContext:credential': '?*',
                },
              },
            }),
          ]
        : []),
    ];
  });
}
