import { afterEach, describe, expect, it } from 'vitest';
import { startCloud } from '../../../local/cloud.ts';
import { type MiniAssembly, writeMiniAssembly } from '../mini-assembly.ts';

type Resources = Parameters<NonNullable<Parameters<typeof writeMiniAssembly>[0]>>[0];

let mini: MiniAssembly | undefined;
afterEach(() => mini?.remove());

const at = (resources: Resources, id: string) => {
  const resource = resources[id];
  if (!resource) throw new Error(`The mini template has no ${id}`);
  return resource.Properties;
};
const statement = (extra: object) => (resources: Resources) => {
  at(resources, 'Role').Policies = [
    { PolicyDocument: { Statement: [{ Effect: 'Allow', Action: '*', Resource: '*', ...extra }] } },
  ];
};
const inBody =
  (change: (body: { paths: Record<string, Record<string, object>> }) => void) =>
  (resources: Resources) => {
    const body = structuredClone(at(resources, 'Api').Body) as {
      paths: Record<string, Record<string, object>>;
    };
    change(body);
    at(resources, 'Api').Body = body;
  };
const integration = (extra: object) =>
  inBody(({ paths }) => {
    const operation: Record<string, object> = { ...paths['/echo']?.get };
    Object.assign(operation['x-amazon-apigateway-integration'] ?? {}, extra);
  });

describe('the runner refuses to start with what it cannot imitate', () => {
  it.each<[string, (resources: Resources) => void, RegExp]>([
    [
      'a function that API Gateway may not call',
      (resources) => void delete resources.EchoPermission,
      /nothing permits API Gateway to call .*Echo for/,
    ],
    [
      'an authorizer that API Gateway may not call',
      (resources) => void delete resources.AuthorizerPermission,
      /nothing permits API Gateway to call the authorizer/,
    ],
    [
      'an integration that is no function',
      inBody(({ paths }) =>
        Object.assign(paths['/echo'] ?? {}, {
          put: { 'x-amazon-apigateway-integration': { type: 'mock' } },
        }),
      ),
      /only knows aws_proxy/,
    ],
    ['a transfer mode', integration({ responseTransferMode: 'TRICKLE' }), /transfer mode TRICKLE/],
    [
      'an action of Lambda that is not that of the transfer mode',
      integration({ responseTransferMode: 'STREAM' }),
      /does not know the integration .* of transfer mode STREAM/,
    ],
    [
      'a timeout that API Gateway does not have',
      integration({ timeoutInMillis: 29_001 }),
      /29000 ms at most/,
    ],
    [
      'an extension of the definition',
      inBody(({ paths }) =>
        Object.assign(paths['/echo'] ?? {}, {
          put: { 'x-amazon-apigateway-request-validator': 'all' },
        }),
      ),
      /x-amazon-apigateway-request-validator/,
    ],
    [
      'a rule of the web ACL',
      (resources) => {
        at(resources, 'Acl').Rules = [
          { Name: 'geo', Priority: 0, Action: { Block: {} }, Statement: { GeoMatchStatement: {} } },
        ];
      },
      /GeoMatchStatement/,
    ],
    [
      'a function that is no Node.js',
      (resources) => {
        at(resources, 'Echo').Runtime = 'python3.14';
      },
      /not python3.14/,
    ],
    [
      'a cache policy',
      (resources) => {
        Object.assign(
          (at(resources, 'Distribution').DistributionConfig as { DefaultCacheBehavior: object })
            .DefaultCacheBehavior,
          { CachePolicyId: 'own' },
        );
      },
      /cache policy own/,
    ],
    [
      'a rotation by cron',
      (resources) => {
        at(resources, 'Schedule').RotationRules = { ScheduleExpression: 'cron(0 0 1 * ? *)' };
      },
      /every so many days/,
    ],
    [
      'a condition key',
      statement({ Condition: { StringEquals: { 'aws:SourceVpc': 'vpc' } } }),
      /condition key aws:SourceVpc/,
    ],
    [
      'a condition operator',
      statement({ Condition: { DateLessThan: { 'dynamodb:LeadingKeys': 'x' } } }),
      /condition operator DateLessThan/,
    ],
    [
      'a policy variable',
      statement({
        Condition: { StringLike: { 'dynamodb:LeadingKeys': `\${aws:PrincipalTag/t}` } },
      }),
      /policy variables/,
    ],
    ['a NotAction', statement({ NotAction: 'x' }), /NotAction/],
  ])('%s', async (_, change, message) => {
    mini = writeMiniAssembly(change);

    await expect(startCloud({ port: 0, environment: {}, ...mini })).rejects.toThrow(message);
  });
});
