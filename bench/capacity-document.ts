import { endpoints } from '../shared/contract/registry.ts';
import type { CapacityRow } from './capacity-rows.ts';

const introduction = `# What each endpoint takes of the table

\`npm run bench -- capacity\` measures these figures and writes this page: every endpoint is called
through its own handler on the embedded DynamoDB, and a middleware of the AWS SDK adds up the
\`ConsumedCapacity\` of its calls. \`test/capacity/capacity.test.ts\` keeps them true.

- **RCU**: read capacity units of the first request that a container serves for a session or an API
  key. **RCU, known**: while the container remembers it, for 30 seconds.
- **WCU**: write capacity units of single writes (UpdateItem, PutItem, DeleteItem).
- **WCU, transactions**: computed, not measured, because the embedded DynamoDB does not charge
  transactions as DynamoDB does: 2 units for each item of up to 1 KB, and 1 for an
  entry in the index, which detections and seller credentials have.
- **Round trips**: how often the request waits for the table, whatever it asks for side by side.

A query that finds nothing is charged its minimum by the embedded database, as DynamoDB documents;
AWS's own DynamoDB Local charges nothing for it, so these figures are not compared there.

What publishes events (changes of the tenant and its API keys, ingest) reads the tenant's webhooks
too: 0.5 RCU while there are none, once in 30 seconds in a container. Each webhook that wants an
event costs 3 WCU for its delivery of up to 1 KB, and 2 + 2 WCU for its attempt and its end; an
attempt that fails, and the first success after it, write the webhook too, 1 WCU. The figures below
are without webhooks.

What leaves an [audit entry](audit.md) has it in these figures: 4 WCU in its transaction. Chaining it a
minute later costs 2 more, and its share of a block.

Endpoints that are not listed do not use the table.
`;

const heads = ['endpoint', 'when', 'RCU', 'RCU, known', 'WCU', 'WCU, transactions', 'round trips'];

/** The page about capacity, in Markdown. */
export function capacityDocument(rows: readonly CapacityRow[]): string {
  const rule = heads.map((_, column) => (column < 2 ? '---' : '--:'));
  return `${introduction}\n${[line(heads), line(rule), ...rows.map(capacityLine)].join('\n')}\n`;
}

/** The line of the page for a row. */
export const capacityLine = (row: CapacityRow): string => line(cells(row));

const line = (columns: readonly string[]) => `| ${columns.join(' | ')} |`;

function cells(row: CapacityRow): string[] {
  const endpoint = endpoints.find(({ id }) => id === row.endpointId);
  if (!endpoint) throw new Error(`The contract has no ${row.endpointId}`);
  return [
    `${endpoint.method} ${endpoint.paths[0]}`,
    row.when,
    ...[row.read, row.readAgain, row.write, row.transactionWrite, row.roundTrips].map(String),
  ];
}
