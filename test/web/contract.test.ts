import { describe, expect, test } from 'vitest';
import { endpoints, eventKinds } from '../../shared/contract/registry.ts';
import { calls as coreCalls } from '../../web/app/api.ts';
import { managers } from '../../web/app/roles.ts';
import { calls as detectionCalls, ingestPath } from '../../web/detections/calls.ts';
import { detectionEventWords } from '../../web/detections/events.ts';
import { calls as productCalls } from '../../web/products/calls.ts';
import { productEventWords } from '../../web/products/events.ts';
import { calls as webhookCalls } from '../../web/webhooks/calls.ts';
import { coreEventWords } from '../../web/webhooks/events.ts';

const calls = Object.entries({
  ...coreCalls,
  ...detectionCalls,
  ...productCalls,
  ...webhookCalls,
});
const endpointOf = (id: string) => endpoints.find((endpoint) => endpoint.id === id);

describe('what the web app calls', () => {
  test.each(calls)('%s is the endpoint of the contract', (_, call) => {
    const endpoint = endpointOf(call.id);

    expect(endpoint).toBeDefined();
    expect(call.method).toBe(endpoint?.method);
    expect(call.path).toBe(endpoint?.paths[0]);
    expect(endpoint?.localOnly).toBeUndefined();
  });

  test('the command that it shows posts to where sensors report', () => {
    const ingest = endpoints.find(({ id }) => id === 'detections/ingest');

    expect(ingest).toMatchObject({ method: 'POST', access: { kind: 'apiKey' } });
    expect(ingest?.paths).toContain(ingestPath);
  });

  test.each([
    'api-keys/create',
    'channels/get-credentials',
    'channels/update-credentials',
    'channels/delete-credentials',
    'webhooks/list',
    'webhooks/create',
    'products/sync',
    'detections/claim-enis',
    'detections/delete-eni',
  ])('%s is for those whom the web app takes for managers', (id) => {
    expect(endpointOf(id)?.access).toMatchObject({ kind: 'bearer', roles: managers });
  });

  test('it offers every event that webhooks may ask for', () => {
    const offered = { ...coreEventWords, ...detectionEventWords, ...productEventWords };

    expect(Object.keys(offered).toSorted()).toEqual([...eventKinds.keys()].toSorted());
  });
});
