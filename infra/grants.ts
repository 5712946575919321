import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Needs } from '../shared/contract/endpoint.ts';
import type { MessageQueue } from '../shared/contract/queues.ts';
import type { Setting } from '../shared/contract/settings.ts';
import { type KeyFamily, seriesIndex, tenantPattern } from '../shared/table/family.ts';

/** What functions are granted access to. */
export interface GrantedResources {
  readonly tableArn: string;
  /** By name. */
  readonly secretArns: Readonly<Record<string, string>>;
  /** Queues by name; those without a worker do not exist. */
  readonly queueArns?: Readonly<Record<string, string>>;
  /** KMS keys by name. */
  readonly keyArns: Readonly<Record<string, string>>;
  /** The role that a setting names; for `none`, one that does not exist. */
  readonly roleArnOf?: (setting: Setting) => string;
  /** What mail is sent with: the identities of its sender, and the configuration set. */
  readonly mailArns?: readonly string[];
  /** Buckets by name. */
  readonly bucketArns?: Readonly<Record<string, string>>;
}

/** The statements for exactly what a contract entry needs: nothing wider, nothing else. */
export function statementsFor(
  needs: Needs & { readonly queue?: MessageQueue },
  resources: GrantedResources,
): PolicyStatement[] {
  return [
    ...tableStatements(needs.table ?? [], resources.tableArn),
    ...(needs.secrets ?? []).map(
      ({ name }) =>
        new PolicyStatement({
          actions: ['secretsmanager:GetSecretValue'],
          resources: [arnOf(resources.secretArns, name)],
        }),
    ),
    ...(needs.queues ?? []).map((queue) => queueStatement(queue, ['SendMessage'], resources)),
    ...(needs.queue ? [queueStatement(needs.queue, consumerActions, resources)] : []),
    ...keyStatements(needs.kmsKeys ?? [], resources.keyArns),
    ...(needs.assumes ?? []).map(
      (setting) =>
        new PolicyStatement({
          actions: ['sts:AssumeRole'],
          resources: [resources.roleArnOf?.(setting) ?? arnOf({}, setting.variable)],
        }),
    ),
    ...(needs.mail === 'sends'
      ? [
          new PolicyStatement({
            actions: ['ses:SendEmail'],
            resources: [...(resources.mailArns ?? [])],
          }),
        ]
      : []),
    ...bucketStatements(needs.buckets ?? [], resources.bucketArns ?? {}),
    ...(needs.actions?.length
      ? [new PolicyStatement({ actions: [...needs.actions], resources: ['*'] })]
      : []),
  ];
}

/** What Lambda does in the name of a function that consumes a queue. */
const consumerActions = ['ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes'];

function queueStatement(
  { name }: MessageQueue,
  actions: readonly string[],
  { queueArns = {} }: GrantedResources,
): PolicyStatement {
  return new PolicyStatement({
    actions: actions.map((action) => `sqs:${action}`),
    resources: [arnOf(queueArns, name)],
  });
}

/** The ARN of a name. Throws for what the stacks do not have: a queue without a worker, say. */
function arnOf(arns: Readonly<Record<string, string>>, name: string): string {
  const arn = arns[name];
  if (arn === undefined) throw new Error(`Nothing in the stacks is called ${name}`);
  return arn;
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

/** Encryption only with a context that names a tenant and what is encrypted, and nothing besides. */
function keyStatements(
  keys: NonNullable<Needs['kmsKeys']>,
  keyArns: GrantedResources['keyArns'],
): PolicyStatement[] {
  return keys.flatMap(([{ name, context }, actions]) => {
    const plain = actions.filter((action) => action === 'DescribeKey');
    const bound = actions.filter((action) => action !== 'DescribeKey');
    const toActions = (names: string[]) => names.map((action) => `kms:${action}`);
    const resources = [arnOf(keyArns, name)];
    return [
      ...(plain.length ? [new PolicyStatement({ actions: toActions(plain), resources })] : []),
      ...(bound.length
        ? [
            new PolicyStatement({
              actions: toActions(bound),
              resources,
              conditions: {
                'ForAllValues:StringEquals': {
                  'kms:EncryptionContextKeys': ['tenant_id', context],
                },
                StringLike: {
                  'kms:EncryptionContext:tenant_id': tenantPattern.replace('TENANT#', ''),
                  [`kms:EncryptionContext:${context}`]: '?*',
                },
              },
            }),
          ]
        : []),
    ];
  });
}

/** A bucket itself is what is listed; all else is done to its objects. */
function bucketStatements(
  buckets: NonNullable<Needs['buckets']>,
  bucketArns: NonNullable<GrantedResources['bucketArns']>,
): PolicyStatement[] {
  return buckets.flatMap(([{ name }, actions]) => {
    const arn = arnOf(bucketArns, name);
    const onBucket = actions.filter((action) => action === 'ListBucket');
    const onObjects = actions.filter((action) => action !== 'ListBucket');
    const statement = (some: readonly string[], resource: string) =>
      some.length === 0
        ? []
        : [
            new PolicyStatement({
              actions: some.map((action) => `s3:${action}`),
              resources: [resource],
            }),
          ];
    return [...statement(onBucket, arn), ...statement(onObjects, `${arn}/*`)];
  });
}
