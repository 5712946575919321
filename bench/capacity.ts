import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { callHandler } from '../harness/streams.ts';
import { newSuffix, type Stage } from '../harness/tenant.ts';
import { capacityDocument } from './capacity-document.ts';
import { measureCapacity } from './capacity-rows.ts';
import {
  type Authorizer,
  authorize,
  eventOf,
  lambdaContext,
  loadSource,
  startSurroundings,
} from './product.ts';
import type { Benchmark } from './result.ts';
import { TableMeter } from './table-meter.ts';

const file = fileURLToPath(new URL('../docs/capacity.md', import.meta.url));

/** Measures what each endpoint takes of the table and writes docs/capacity.md. It has no target. */
export const benchmark: Benchmark = async (tell) => {
  const surroundings = await startSurroundings();
  const { tableClient } = await import('../shared/table/table.ts');
  const authorizer = await loadSource<Authorizer>('authorizer');
  const stage: Stage = {
    async send(endpoint, { token, apiKey, body, query, path }) {
      const headers = { Accept: 'application/json', ...(apiKey && { 'X-Api-Key': apiKey }) };
      const event = eventOf(endpoint, {
        body,
        query: query as Record<string, string>,
        pathParameters: path as Record<string, string>,
        headers,
        principal: token ? await authorize(authorizer, token) : undefined,
      });
      const answer = await callHandler(await loadSource(endpoint.id), event, lambdaContext);
      const isJson = String(answer.headers?.['content-type']).includes('json');
      return {
        status: answer.statusCode,
        body: isJson && answer.body ? JSON.parse(answer.body) : answer.body,
      };
    },
    purchase: newSuffix,
    handles: surroundings.handles,
  };
  const rows = await measureCapacity(stage, new TableMeter(tableClient), tell);
  surroundings.stop();
  writeFileSync(file, capacityDocument(rows));
  return [];
};
