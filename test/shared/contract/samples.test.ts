import { describe, expect, it } from 'vitest';
import { exampleOf, loadSamples, missingSamples } from '../../../harness/samples.ts';
import { openApiDocument } from '../../../shared/contract/openapi.ts';
import { endpoints, endpointsOf } from '../../../shared/contract/registry.ts';

const samples = await loadSamples();

describe('samples', () => {
  it('are there for every endpoint, and what is missing is said', () => {
    expect(missingSamples(samples).join('\n\n')).toBe('');
  });

  it('are of endpoints that there are', () => {
    const ids = new Set(endpoints.map(({ id }) => id));

    expect([...samples.keys()].filter((id) => !ids.has(id))).toEqual([]);
  });

  it('that are missing are told of by entry, file and the lines to add', () => {
    const others = new Map(samples);
    others.delete('auth/login');
    others.delete('api-keys/delete');

    expect(missingSamples(others)).toEqual([
      [
        'The entry login of shared/identity/contract.ts (POST /api/v1/auth/login) has no sample request.',
        'Add to the list `samples` in harness/identity/samples.ts:',
        '  sample(login, {',
        '    body: {}, // or .register(z.globalRegistry, { example: {} }) on the body in the contract entry',
        '  }),',
      ].join('\n'),
      [
        'The entry deleteApiKey of shared/api-keys/contract.ts (DELETE /api/v1/api-keys/{id}) has no sample request.',
        'Add to the list `samples` in harness/api-keys/samples.ts:',
        '  sample(deleteApiKey, {',
        '    arrange: async (tenant) => ({ path: {} }), // ids of what the tenant makes',
        '  }),',
      ].join('\n'),
    ]);
  });

  it('can be told of for every entry', () => {
    for (const advice of missingSamples(new Map())) expect(advice).not.toContain('theEntry');
  });
});

describe('examples', () => {
  it.each(endpoints.filter(({ body }) => body).map((endpoint) => [endpoint.id, endpoint] as const))(
    '%s has one of its body, which its schema takes',
    (id, endpoint) => {
      expect(
        exampleOf(endpoint),
        `Add .register(z.globalRegistry, { example: {} }) to the body of ${id} in its contract entry`,
      ).toBeDefined();
      expect(endpoint.body?.safeParse(exampleOf(endpoint))).toMatchObject({ success: true });
    },
  );

  it('are in the document', () => {
    const { paths = {} } = JSON.parse(JSON.stringify(openApiDocument()));
    for (const endpoint of endpointsOf('deployed'))
      for (const path of endpoint.body ? endpoint.paths : [])
        for (const { schema } of Object.values<{ schema: { example?: unknown } }>(
          paths[path][endpoint.method.toLowerCase()].requestBody.content,
        ))
          expect(schema.example, path).toEqual(exampleOf(endpoint));
  });
});
