import { beforeAll, describe, expect, it } from 'vitest';
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
  it('hear of errors of every function, and of throttles of every function of the API', () => {
    const ofApi = resourcesOf(templates.api, 'AWS::Lambda::Function').map(([id]) => id);

    expect(watchedFunctions('Errors')).toEqual([...ofApi, 'KeysRotate'].sort());
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
        'Tenantry MarketplaceMisconfigured',
      ]),
    );
  });

  it('all ring at the topic, when they start and when they end, and say what to do', () => {
    expect(alarms().length).toBeGreaterThan(8);
    for (const [id, { Properties }] of alarms()) {
      expect(JSON.stringify(Properties.AlarmActions), id).toContain('Alarms');
      expect(Properties.OKActions, id).toEqual(Properties.AlarmActions);
      expect(Properties.AlarmDescription, id).toMatch(/^[A-Z].{20,}\.$/);
      expect(Properties.TreatMissingData, id).toBe('notBreaching');
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

describe('the dashboard', () => {
  it('shows every function and what the product counts itself', () => {
    const { Properties } = onlyResource(templates.api, 'AWS::CloudWatch::Dashboard');
    const body = JSON.stringify(Properties.DashboardBody);

    for (const [id] of resourcesOf(templates.api, 'AWS::Lambda::Function'))
      expect(body).toContain(id);
    for (const metric of ['MarketplaceMisconfigured', 'RefreshTokenReused', 'SignInRefused'])
      expect(body).toContain(metric);
  });
});
