import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { metrics, queues } from '../../shared/contract/registry.ts';
import {
  onlyResource,
  type Resource,
  resourcesOf,
  synthesize,
  type Templates,
} from './templates.ts';

let templates: Templates;
beforeAll(() => {
  templates = synthesize({ stage: 'prod', alarmEmail: 'ops@example.com' });
});

const alarms = (): [string, Resource][] =>
  [templates.data, templates.api].flatMap((template) =>
    resourcesOf(template, 'AWS::CloudWatch::Alarm'),
  );

/** Names of the functions whose metric of that name some alarm adds up. */
function watchedFunctions(metricName: string): string[] {
  return alarms()
    .flatMap(([, { Properties }]) => Properties.Metrics ?? [{ MetricStat: { Metric: Properties } }])
    .map(({ MetricStat }) => MetricStat?.Metric)
    .filter((metric) => metric?.Namespace === 'AWS/Lambda' && metric.MetricName === metricName)
    .map((metric) => metric.Dimensions[0].Value.Ref)
    .sort();
}

describe('the alarms', () => {
  it('of the API, and its graphs, read the metrics of their own stage', () => {
    const names = (['dev', 'prod'] as const).map((stage) => {
      const { api } = synthesize({ stage });
      const { Name: name, Body: body } = onlyResource(api, 'AWS::ApiGateway::RestApi').Properties;
      const read = resourcesOf(api, 'AWS::CloudWatch::Alarm').flatMap(([, { Properties }]) =>
        (Properties.Dimensions ?? []).filter(({ Name }: { Name: string }) => Name === 'ApiName'),
      );

      expect(read.length).toBeGreaterThan(1);
      for (const dimension of read) expect(dimension.Value).toBe(name);
      // An imported definition names the API as well: whichever wins, it is the same.
      expect(body.info.title).toBe(name);
      const dashboard = onlyResource(api, 'AWS::CloudWatch::Dashboard').Properties.DashboardBody;
      const graphs = JSON.stringify(dashboard).match(/ApiName[\\",]+([^\\"]+)/g) ?? [];
      expect(graphs.length).toBeGreaterThan(1);
      for (const graph of graphs) expect(graph).toMatch(new RegExp(`[",]${name}$`));
      return name;
    });

    expect(names).toEqual(['Tenantry-dev', 'Tenantry-prod']);
  });

  it('hear of throttles of every function of the API, and of errors of all that do not throw for a 401', () => {
    const ofApi = resourcesOf(templates.api, 'AWS::Lambda::Function').map(([id]) => id);

    expect(watchedFunctions('Errors')).toEqual(
      [...ofApi.filter((id) => id !== 'Authorizer'), 'KeysRotate'].sort(),
    );
    expect(watchedFunctions('Throttles')).toEqual(ofApi.sort());
  });

  it('add up no more metrics than CloudWatch takes in one expression', () => {
    for (const [id, { Properties }] of alarms()) {
      const metrics = (Properties.Metrics ?? []).filter(
        (metric: { MetricStat?: object }) => metric.MetricStat,
      );
      expect(metrics.length, id).toBeLessThanOrEqual(10);
    }
  });

  it('hear of letters in every dead-letter queue', () => {
    const queues = [templates.data, templates.api]
      .flatMap((template) => resourcesOf(template, 'AWS::SQS::Queue'))
      .map(([id]) => id)
      .filter((id) => id.includes('DeadLetters'));
    const watched = alarms()
      .filter(
        ([, { Properties }]) => Properties.MetricName === 'ApproximateNumberOfMessagesVisible',
      )
      .map(([, { Properties }]) => Properties.Dimensions[0].Value['Fn::GetAtt'][0]);

    expect(queues.length).toBeGreaterThan(1);
    expect(watched.sort()).toEqual(queues.sort());
  });

  it('hear of a server error, slow answers, throttling of the table and refusals by AWS Marketplace', () => {
    const watched = alarms().map(
      ([, { Properties }]) => `${Properties.Namespace} ${Properties.MetricName}`,
    );

    expect(watched).toEqual(
      expect.arrayContaining([
        'AWS/ApiGateway 5XXError',
        'AWS/ApiGateway Latency',
        'AWS/DynamoDB ReadThrottleEvents',
        'AWS/DynamoDB WriteThrottleEvents',
        'Tenantry/prod MarketplaceMisconfigured',
      ]),
    );
  });

  it('hear of a queue whose oldest message has waited for too long', () => {
    const watched = alarms()
      .map(([, { Properties }]) => Properties)
      .filter(({ MetricName }) => MetricName === 'ApproximateAgeOfOldestMessage');

    expect(watched).toHaveLength(queues.size);
    for (const { Threshold } of watched) expect(Threshold).toBeGreaterThan(900);
  });

  it('are explained to the person whom they wake', () => {
    const manual = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
    const names = alarms().map(([id]) =>
      id
        .replace(/[0-9A-F]{8}$/, '')
        .replace(/^(Monitoring|Queues)/, '')
        .replace(/^(Sync|Webhooks)(?=AgeAlarm|DeadLetters)/, '<Queue>')
        .replace(/(?<=^SellerFailures).*/, '<Marketplace>')
        .replace(/\d+$/, '<n>'),
    );

    for (const name of new Set(names))
      expect(manual).toMatch(new RegExp(`^\\| .*\`${name}\`.* \\|`, 'm'));
  });

  it('all ring at the topic, when they start and when they end, and say what to do', () => {
    expect(alarms().length).toBeGreaterThan(8);
    for (const [id, { Properties }] of alarms()) {
      expect(JSON.stringify(Properties.AlarmActions), id).toContain('Alarms');
      expect(Properties.OKActions, id).toEqual(Properties.AlarmActions);
      expect(Properties.AlarmDescription, id).toMatch(/^[A-Z].{20,}\.$/);
      const isSweep = id.includes('NoSyncActivity');
      expect(Properties.TreatMissingData, id).toBe(isSweep ? 'breaching' : 'notBreaching');
    }
  });

  it('may publish to the topic, over TLS only, and reach the address that the deployment names', () => {
    const [policy] = resourcesOf(templates.data, 'AWS::SNS::TopicPolicy');
    const statements = policy?.[1].Properties.PolicyDocument.Statement;

    expect(statements).toContainEqual(
      expect.objectContaining({
        Effect: 'Allow',
        Action: 'sns:Publish',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
      }),
    );
    expect(statements).toContainEqual(
      expect.objectContaining({
        Effect: 'Deny',
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      }),
    );
    expect(resourcesOf(templates.data, 'AWS::SNS::Subscription')[0]?.[1].Properties).toMatchObject({
      Protocol: 'email',
      Endpoint: 'ops@example.com',
    });
  });
});

type Values = Readonly<Record<string, number>>;

/** Whether an alarm's expression rings when its metrics have these values and all others have no data. */
function rings(alarm: string, values: Values): boolean {
  const [, found] = alarms().find(([id]) => id.includes(alarm)) ?? [];
  const { Metrics, Threshold } = found?.Properties ?? {};
  const known = new Map<string, number | undefined>();
  let expression = '';
  for (const { Id, Expression, MetricStat } of Metrics) {
    if (Expression) expression = Expression;
    else known.set(Id, values[keyOf(MetricStat.Metric)]);
  }
  for (const name of Object.keys(values))
    expect(Metrics.map(({ MetricStat }: Stated) => keyOf(MetricStat?.Metric))).toContain(name);
  const script = expression.replaceAll(' OR ', ' || ').replaceAll(' AND ', ' && ');
  const evaluate = new Function('FILL', 'IF', ...known.keys(), `return ${script}`);
  const fill = (value: number | undefined, otherwise: number) => value ?? otherwise;
  const choose = (condition: boolean, yes: number, no: number) => (condition ? yes : no);
  return evaluate(fill, choose, ...known.values()) >= Threshold;
}
interface Stated {
  MetricStat?: { Metric: Measured };
}
interface Measured {
  MetricName: string;
  Dimensions: { Name: string; Value: string }[];
}

const keyOf = (metric: Measured | undefined): string =>
  metric
    ? [
        metric.MetricName,
        ...metric.Dimensions.filter(({ Name }) => Name !== 'service').map(({ Value }) => Value),
      ].join(' ')
    : '';

describe('an alarm on a share', () => {
  it.each<[string, Values, boolean]>([
    ['nothing has happened', {}, false],
    ['half of ten failed', { SyncsCompleted: 5, 'SyncsFailed seller_unavailable': 5 }, true],
    ['all of five failed', { 'SyncsFailed internal_error': 5 }, true],
    ['all of four failed', { 'SyncsFailed internal_error': 4 }, false],
    ['less than half failed', { SyncsCompleted: 6, 'SyncsFailed malformed_answer': 5 }, false],
  ])('of syncs: %s', (_, values, expected) => {
    expect(rings('SyncFailures', values)).toBe(expected);
  });

  it('of syncs does not look at what tenants have to mend', () => {
    expect(() => rings('SyncFailures', { 'SyncsFailed wrong_key': 1 })).toThrow();
  });

  it.each<[string, Values, boolean]>([
    ['no calls', {}, false],
    ['all answered', { 'SellerCalls ozon answered': 100 }, false],
    ['few calls', { 'SellerCalls ozon no_answer': 19 }, false],
    ['no answers', { 'SellerCalls ozon no_answer': 20 }, true],
    ['refused keys', { 'SellerCalls ozon refused': 50, 'SellerCalls ozon no_answer': 20 }, false],
    ['limits', { 'SellerCalls ozon rate_limited': 100 }, false],
  ])('of calls to a seller API: %s', (_, values, expected) => {
    expect(rings('SellerFailuresOzon', values)).toBe(expected);
  });
});

describe('the alarm on syncs that stand still', () => {
  const sweep = { 'ScheduledRuns products/sync-sweep': 6 };

  it.each<[string, Values, boolean]>([
    ['the sweep does not run', {}, true],
    ['nothing is due', { ...sweep, SyncsDue: 0 }, false],
    ['syncs are due and end', { ...sweep, SyncsDue: 3, SyncsCompleted: 1 }, false],
    ['syncs are due and fail', { ...sweep, SyncsDue: 3, 'SyncsFailed wrong_key': 1 }, false],
    ['syncs are due and none ends', { ...sweep, SyncsDue: 1 }, true],
  ])('%s', (_, values, expected) => {
    expect(rings('NoSyncActivity', values)).toBe(expected);
  });

  it('does not take a run that was given up for one that has ended', () => {
    expect(() =>
      rings('NoSyncActivity', { ...sweep, SyncsDue: 1, 'SyncsFailed internal_error': 1 }),
    ).toThrow();
  });

  it('needs an hour of it', () => {
    const [, found] = alarms().find(([id]) => id.includes('NoSyncActivity')) ?? [];
    const periods = found?.Properties.Metrics.flatMap(
      ({ MetricStat }: { MetricStat?: { Period: number } }) => MetricStat?.Period ?? [],
    );

    expect(new Set(periods)).toEqual(new Set([1800]));
    expect(found?.Properties.EvaluationPeriods).toBe(2);
  });
});

describe('the metrics of two stages in one account', () => {
  it('do not mix', () => {
    for (const stage of ['dev', 'prod'] as const) {
      const { api, data } = synthesize({ stage });
      for (const template of [api, data]) {
        for (const [id, { Properties }] of resourcesOf(template, 'AWS::Lambda::Function'))
          expect(Properties.Environment.Variables.POWERTOOLS_METRICS_NAMESPACE, id).toBe(
            `Tenantry/${stage}`,
          );
        const namespaces = JSON.stringify(template).match(/Tenantry\/\w+/g) ?? [];
        expect(new Set(namespaces)).toEqual(new Set([`Tenantry/${stage}`]));
      }
    }
  });
});

describe('the dashboard', () => {
  const bodyOf = () =>
    JSON.stringify(onlyResource(templates.api, 'AWS::CloudWatch::Dashboard').Properties);

  it('shows every function, every queue with its dead letters, and every metric of the product', () => {
    const body = bodyOf();

    for (const [id] of resourcesOf(templates.api, 'AWS::Lambda::Function'))
      expect(body).toContain(id);
    for (const [id] of resourcesOf(templates.api, 'AWS::SQS::Queue')) expect(body).toContain(id);
    for (const name of metrics.keys()) expect(body).toContain(name);
  });

  it('searches by the dimensions that functions write', () => {
    const searches = [...bodyOf().matchAll(/SEARCH\('\{([^}]+)\} MetricName=[\\"]+(\w+)/g)];

    expect(searches.length).toBeGreaterThan(8);
    for (const [, schema = '', name = ''] of searches) {
      const dimensions = Object.keys(metrics.get(name)?.dimensions ?? {});
      expect(schema.split(',')).toEqual(['Tenantry/prod', 'service', ...dimensions]);
    }
  });
});

describe('workers that queue their own next step', () => {
  it('are not stopped as runaways, and all other functions are', () => {
    const allowed = resourcesOf(templates.api, 'AWS::Lambda::Function')
      .filter(([, { Properties }]) => Properties.RecursiveLoop === 'Allow')
      .map(([id]) => id);

    expect(allowed.sort()).toEqual(['ProductsSyncWorker', 'WebhooksDeliver']);
  });
});
