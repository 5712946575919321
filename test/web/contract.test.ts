import { describe, expect, test } from 'vitest';
import { endpoints } from '../../shared/contract/endpoints.ts';
import { calls as coreCalls } from '../../web/api.ts';
import { calls as detectionCalls, ingestPath } from '../../web/detections/calls.ts';

const calls = Object.entries({ ...coreCalls, ...detectionCalls });

describe('what the web app calls', () => {
  test.each(calls)('%s is the endpoint of the contract', (_, call) => {
    const endpoint = endpoints.find(({ id }) => id === call.id);

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
});
