import { setTimeout as delay } from 'node:timers/promises';

import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

/** One call of DynamoDB as the SDK made it. */
export interface TableCall {
  /** The action: `GetItem`, `TransactWriteItems`. */
  action: string;
  startedAtMs: number;
  endedAtMs: number;
  /** Capacity units that DynamoDB says the call took. */
  units: number;
  /** Items of a transaction, those of an index included. */
  transaction: { items: number; indexed: number };
}

interface Capacity {
  CapacityUnits?: number;
}

/** Answers are held back this long, so that calls that go side by side also end side by side. */
const holdMs = 20;

/**
 * Watches the calls of a table client from now on. Each call asks for its consumed capacity and
 * takes at least `holdMs`: so calls form waves, and as many waves are as many round trips in a row.
 */
export class TableMeter {
  #calls: TableCall[] = [];

  constructor(client: DynamoDBDocumentClient) {
    client.middlewareStack.add(
      (next, { commandName = '' }) =>
        async (args) => {
          Object.assign(args.input, { ReturnConsumedCapacity: 'INDEXES' });
          const startedAtMs = performance.now();
          const [answer] = await Promise.all([next(args), delay(holdMs)]);
          this.#calls.push({
            action: commandName.replace(/Command$/, ''),
            startedAtMs,
            endedAtMs: performance.now(),
            units: unitsOf(answer.output),
            transaction: transactionOf(args.input),
          });
          return answer;
        },
      { step: 'initialize', name: 'tableMeter' },
    );
  }

  /** Runs the work and returns the calls that it made. */
  async watch(work: () => Promise<unknown>): Promise<TableCall[]> {
    this.#calls = [];
    await work();
    return this.#calls;
  }
}

function unitsOf(output: object): number {
  const { ConsumedCapacity: consumed } = output as { ConsumedCapacity?: Capacity | Capacity[] };
  return [consumed ?? []].flat().reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
}

function transactionOf(input: object): TableCall['transaction'] {
  const { TransactItems: items = [] } = input as {
    TransactItems?: {
      Put?: { Item?: object };
      Update?: { ExpressionAttributeValues?: object };
    }[];
  };
  const indexed = items.filter(
    ({ Put, Update }) =>
      'series_pk' in (Put?.Item ?? {}) || ':series_pk' in (Update?.ExpressionAttributeValues ?? {}),
  );
  return { items: items.length, indexed: indexed.length };
}

/** How many of the calls had to wait for one another: the length of the longest chain. */
export function roundTrips(calls: readonly TableCall[]): number {
  const depths = new Map<TableCall, number>();
  for (const call of calls.toSorted((a, b) => a.startedAtMs - b.startedAtMs)) {
    const before = [...depths].filter(([earlier]) => earlier.endedAtMs <= call.startedAtMs);
    depths.set(call, 1 + Math.max(0, ...before.map(([, depth]) => depth)));
  }
  return Math.max(0, ...depths.values());
}

const reads = new Set(['GetItem', 'BatchGetItem', 'Query']);

/** What calls took: measured for reads and single writes, computed for transactions. */
export interface Consumed {
  /** Read capacity units. */
  read: number;
  /** Write capacity units of single writes. */
  write: number;
  /**
   * Write capacity units of transactions: 2 for each item of up to 1 KB, and 1 for its entry in the
   * index. Computed, because the embedded DynamoDB does not charge what DynamoDB does.
   */
  transactionWrite: number;
}

export function consumedBy(calls: readonly TableCall[]): Consumed {
  const consumed: Consumed = { read: 0, write: 0, transactionWrite: 0 };
  for (const { action, units, transaction } of calls) {
    if (action === 'TransactWriteItems')
      consumed.transactionWrite += 2 * transaction.items + transaction.indexed;
    else if (reads.has(action)) consumed.read += units;
    else consumed.write += units;
  }
  return consumed;
}
