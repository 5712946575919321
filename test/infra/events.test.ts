import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import { describe, expect, it, vi } from 'vitest';
import { handler as live } from '../../functions/health/live.ts';
import { handler as methodNotAllowed } from '../../functions/service/method-not-allowed.ts';
import { functionIds } from '../../infra/bundle.ts';
import { fallback } from '../../shared/contract/background.ts';
import { gatewayPaths } from '../../shared/contract/endpoint.ts';
import type { Feature } from '../../shared/contract/feature.ts';
import { endpoints } from '../../shared/contract/registry.ts';
import { features } from '../../shared/features.ts';
import { resourcesOf, synthesize } from './templates.ts';

const folder = new URL('../../harness/events/', import.meta.url);
const foldersOf = features.map(({ id }) => new URL(`../${id}/events/`, folder));
const parse = (file: URL) => JSON.parse(readFileSync(file, 'utf8'));
/** Every event by its name: those of the core, and those that features have beside their harness. */
const events = new Map(
  [folder, ...foldersOf]
    .filter((place) => existsSync(place))
    .flatMap((place) => readdirSync(place).map((file) => new URL(file, place)))
    .filter(({ pathname }) => basename(pathname) !== 'env.json')
    .map((file) => [basename(file.pathname, '.json'), parse(file)]),
);
const read = (name: string) => events.get(name);
const names = [...events.keys()];
const fileNameOf = (functionId: string) => functionId.replaceAll('/', '-');

/** What API Gateway sends to a function of a REST API, with all its members. */
const members = [
  'resource',
  'path',
  'httpMethod',
  'headers',
  'multiValueHeaders',
  'queryStringParameters',
  'multiValueQueryStringParameters',
  'pathParameters',
  'stageVariables',
  'requestContext',
  'body',
  'isBase64Encoded',
];

describe('the events for sam local invoke', () => {
  it('are each named after a function', () => {
    const known = functionIds().map(fileNameOf);

    expect(names.length).toBeGreaterThan(10);
    for (const name of names) expect(known).toContain(name);
  });

  it.each(names.filter((name) => name !== 'authorizer'))('%s is an event of its route', (name) => {
    const event: APIGatewayProxyEvent = read(name);

    expect(Object.keys(event)).toEqual(members);
    const endpoint = endpoints.find(({ id }) => fileNameOf(id) === name);
    const paths = endpoint ? gatewayPaths(endpoint) : endpoints.flatMap(gatewayPaths);
    expect(paths).toContain(event.resource);
    if (endpoint) expect(event.httpMethod).toBe(endpoint.method);
    else expect(name).toBe(fileNameOf(fallback.id));
    expect(event.requestContext.authorizer !== undefined).toBe(endpoint?.access.kind === 'bearer');
    if (endpoint?.body && event.headers['content-type'] === 'application/json') {
      expect(endpoint.body.safeParse(JSON.parse(event.body ?? '')).error).toBeUndefined();
    }
  });

  it('are answered where no AWS is needed', async () => {
    vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    const context = { functionName: 'test', memoryLimitInMB: '512', awsRequestId: 'r' } as Context;

    expect(await live(read('health-live'), context)).toMatchObject({ statusCode: 200 });
    expect(await methodNotAllowed(read('service-method-not-allowed'))).toMatchObject({
      statusCode: 405,
    });
  });

  it('come with the settings that a template alone cannot tell', () => {
    const { api } = synthesize({ stage: 'dev' });
    const imported = resourcesOf(api, 'AWS::Lambda::Function').flatMap(([, { Properties }]) =>
      Object.entries(Properties.Environment.Variables as Record<string, string | object>)
        .filter(([, value]) => JSON.stringify(value).includes('Fn::ImportValue'))
        .map(([name]) => name),
    );

    const settingsIn = (place: URL) => Object.keys(parse(new URL('env.json', place)).Parameters);
    const keysOf = ({ secrets = [], kmsKeys = [], buckets = [] }: Feature) =>
      [...secrets, ...kmsKeys, ...buckets].map(({ variable }) => variable);
    const [core, others] = [true, false].map((isCore) =>
      features.filter((feature) => (feature.isCore ?? false) === isCore),
    );
    const ofCore = ['TABLE_NAME', ...(core ?? []).flatMap(keysOf)];
    expect(settingsIn(folder).sort()).toEqual(ofCore.toSorted());
    for (const feature of others?.filter((one) => keysOf(one).length > 0) ?? [])
      expect(settingsIn(new URL(`../${feature.id}/events/`, folder)).sort()).toEqual(
        [...ofCore, ...keysOf(feature)].sort(),
      );
    expect([...ofCore, ...(others ?? []).flatMap(keysOf)]).toEqual(
      expect.arrayContaining(imported),
    );
  });
});
