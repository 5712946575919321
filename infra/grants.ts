import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Needs, QueueName, SecretName } from '../shared/contract/endpoint.ts';
import { type KeyFamily, keyPatterns, seriesIndex } from '../shared/table/keys.ts';

/** What functions are granted access to. */
export interface GrantedResources {
  readonly tableArn: string;
  readonly secretArns: Readonly<Record<SecretName, string>>;
  /** Queues by name; those without a worker do not exist. */
  readonly queueArns?: Readonly<Partial<Record<QueueName, string>>>;
}

/** Families whose partition keys are those of the series index, not of the table. */
const indexFamilies: ReadonlySet<KeyFamily> = new Set(['tenantDetections', 'due']);

/** The statements for exactly what a contract entry needs: nothing wider, nothing else. */
export function statementsFor(
  needs: Needs & { readonly queue?: QueueName },
  resources: GrantedResources,
): PolicyStatement[] {
  return [
    ...tableStatements(needs.table ?? {}, resources.tableArn),
    ...(needs.secrets ?? []).map(
      (name) =>
        new PolicyStatement({
          actions: ['secretsmanager:GetSecretValue'],
          resources: [resources.secretArns[name]],
        }),
    ),
    ...(needs.queues ?? []).map((name) => queueStatement(name, ['SendMessage'], resources)),
    ...(needs.queue ? [queueStatement(needs.queue, consumerActions, resources)] : []),
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
  const familiesByAction = new Map<string, KeyFamily[]>();
  for (const [family, actions] of Object.entries(table) as [KeyFamily, readonly string[]][]) {
    for (const action of actions) {
      const place = `${action} ${indexFamilies.has(family) ? 'index' : 'table'}`;
      familiesByAction.set(place, [...(familiesByAction.get(place) ?? []), family]);
    }
  }

  const placesByFamilies = Map.groupBy(familiesByAction, ([place, families]) =>
    [place.split(' ')[1], ...families].join(' '),
  );
  return [...placesByFamilies.values()].map((places) => {
    const families = places[0]?.[1] ?? [];
    const isIndex = families.some((family) => indexFamilies.has(family));
    return new PolicyStatement({
      actions: places.map(([place]) => `dynamodb:${place.split(' ')[0]}`),
      resources: [isIndex ? `${tableArn}/index/${seriesIndex}` : tableArn],
      conditions: {
        'ForAllValues:StringLike': {
          'dynamodb:LeadingKeys': families.map((family) => keyPatterns[family]),
        },
        // ForAllValues holds for requests without leading keys, such as a Scan.
        Null: { 'dynamodb:LeadingKeys': 'false' },
      },
    });
  });
}
