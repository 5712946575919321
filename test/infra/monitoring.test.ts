import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { constructIdOf } from '../../infra/function.ts';
import { scheduledRuns } from '../../shared/contract/core-metrics.ts';
import { metrics, queues, workers } from '../../shared/contract/registry.ts';
import { alarmsOf } from './alarms.ts';
import { onlyResource, resourcesOf, synthesize, type Templates } from './templates.ts';

let templates: Templates;
beforeAll(() => {
  templates = synthesize({ stage: 'prod', alarmEmail: 'ops@example.com' });
});

const alarms = () => alarmsOf(templates);

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
    const deadLetters = [templates.data, templates.api]
      .flatMap((template) => resourcesOf(template, 'AWS::SQS::Queue'))
      .map(([id]) => id)
      .filter((id) => id.includes('DeadLetters'));
    const watched = alarms()
      .filter(
        ([, { Properties }]) => Properties.MetricName === 'ApproximateNumberOfMessagesVisible',
      )
      .map(([, { Properties }]) => Properties.Dimensions[0].Value['Fn::GetAtt'][0]);

    expect(deadLetters.length).toBeGreaterThan(queues.size);
    expect(watched.sort()).toEqual(deadLetters.sort());
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
    const explained = [...manual.matchAll(/^\| ([^|]*`[^|]*) \|/gm)].flatMap(([, cell = '']) =>
      [...cell.matchAll(/`([\w<>]+)`/g)].map(
        ([, name = '']) => new RegExp(`^${name.replace(/<\w+>/g, '\\w+')}$`),
      ),
    );

    for (const [id] of alarms()) {
      const name = id.replace(/[0-9A-F]{8}$/, '').replace(/^(Monitoring|Queues)/, '');
      expect(
        explained.some((pattern) => pattern.test(name)),
        name,
      ).toBe(true);
    }
  });

  it('all ring at the topic, when they start and when they end, and say what to do', () => {
    expect(alarms().length).toBeGreaterThan(8);
    for (const [id, { Properties }] of alarms()) {
      expect(JSON.stringify(Properties.AlarmActions), id).toContain('Alarms');
      expect(Properties.OKActions, id).toEqual(Properties.AlarmActions);
      expect(Properties.AlarmDescription, id).toMatch(/^[A-Z].{20,}\.$/);
      // Without data, only a schedule is known to be in trouble.
      const looksForRuns = JSON.stringify(Properties).includes(scheduledRuns.name);
      expect(Properties.TreatMissingData, id).toBe(looksForRuns ? 'breaching' : 'notBreaching');
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

    const divided = [...metrics.values()].filter(
      ({ dimensions }) => Object.keys(dimensions).length > 0,
    );
    expect(searches.length).toBeGreaterThanOrEqual(divided.length);
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
    const feeding = workers.filter(({ queue, queues = [] }) => queue && queues.includes(queue));

    expect(allowed.sort()).toEqual(feeding.map(({ id }) => constructIdOf(id)).sort());
  });
});
