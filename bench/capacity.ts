import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Send } from './capacity-cases.ts';
import { capacityDocument } from './capacity-document.ts';
import { measureCapacity } from './capacity-rows.ts';
import { type Authorizer, authorize, call, loadSource, startSurroundings } from './product.ts';
import type { Benchmark } from './result.ts';
import { TableMeter } from './table-meter.ts';

const file = fileURLToPath(new URL('../docs/capacity.md', import.meta.url));

/** Measures what each endpoint takes of the table and writes docs/capacity.md. It has no target. */
export const benchmark: Benchmark = async (tell) => {
  const surroundings = await startSurroundings();
  const { tableClient } = await import('../shared/table/table.ts');
  const authorizer = await loadSource<Authorizer>('authorizer');
  const send: Send = async (id, { token, apiKey, ...sent }, expectedStatus) => {
    const principal = token ? await authorize(authorizer, token) : undefined;
    const headers = { Accept: 'application/json', ...(apiKey && { 'X-Api-Key': apiKey }) };
    return call(await loadSource(id), id, { ...sent, headers, principal }, expectedStatus);
  };
  const rows = await measureCapacity(
    send,
    new TableMeter(tableClient),
    surroundings.newOzonKey,
    tell,
  );
  surroundings.stop();
  writeFileSync(file, capacityDocument(rows));
  return [];
};
