import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { BatchWriteCommand, DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { channelProduct, syncOnce } from '../../harness/products/sync-subject.ts';
import { tenantIds } from '../../shared/tenants/ids.ts';
import { newMember } from '../members.ts';
import {
  bundleAside,
  call,
  type Handler,
  loadBundle,
  loadSource,
  startSurroundings,
} from '../product.ts';
import { type Benchmark, result } from '../result.ts';
import { inMs, timeInTurns } from '../statistics.ts';
import { consumedBy, type TableCall, TableMeter } from '../table-meter.ts';

const few = 100;
const some = 10_000;
const many = 100_000;

/**
 * A sync with the seller's limits off, against bare BatchWriteItem of the same items with the same
 * concurrency; one in which nothing has changed; its memory; and the list with search and sort.
 */
export const benchmark: Benchmark = async (tell) => {
  const surroundings = await startSurroundings();
  const [bundle] = await bundleAside('products', ['products/list']);
  const { tableClient } = await import('../../shared/table/table.ts');
  const [small, large] = [await newMember(), await newMember()];
  await syncOnce(small.tenantId, few);

  // As the worker does.
  setFlagsFromString('--optimize-for-size');
  tell('bare writes');
  const bareMs = await writeBare(many);
  tell('first sync');
  const firstMs = await syncOnce(large.tenantId, many);
  tell('sync without changes');
  const againMs = await syncOnce(large.tenantId, many);

  const list = loadBundle<Handler>(bundle);
  let turn = 0;
  const page = (handler: Handler, { principal }: typeof small, search: string) =>
    call<{ total: number }>(handler, 'products/list', {
      principal,
      query: { search, sort_by: 'price', sort_order: 'asc', page: '1' },
    });
  // Each search is a new one: remembered matches do not help.
  const term = () => `number ${(turn++ * 7) % few}`;
  const times = await timeInTurns(
    { small: () => page(list, small, term()), large: () => page(list, large, term()) },
    { warmUp: 100, measured: 600 },
    tell,
  );

  const meter = new TableMeter(tableClient);
  const source = await loadSource('products/list');
  const unitsOf = async (member: typeof small) => {
    await page(source, member, 'first');
    return consumedBy(await meter.watch(() => page(source, member, term()))).read;
  };
  const units = { small: await unitsOf(small), large: await unitsOf(large) };
  const unchanged = await meter.watch(() => syncOnce(large.tenantId, many));
  const memory = { some: await memoryOf(some), many: await memoryOf(many) };
  surroundings.stop();

  const rate = (ms: number) => `${Math.round(many / (ms / 1000))} products/s`;
  const inMb = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MB`;
  return [
    result(
      'first sync of 10⁵ products against bare BatchWriteItem, time',
      firstMs / bareMs,
      'ratio',
      2,
      `${rate(firstMs)} against ${rate(bareMs)}`,
    ),
    result(
      'sync without changes against the first, time',
      againMs / firstMs,
      'ratio',
      0.333,
      `${rate(againMs)} against ${rate(firstMs)}`,
    ),
    result(
      'products and segments written by a sync without changes',
      unchanged.filter(isProductWrite).length,
      'calls',
      0,
      `${unchanged.length} calls in all, ${consumedBy(unchanged).write} WCU for the position of each page`,
    ),
    result(
      'memory of a sync, 10⁵ against 10⁴ products, peak',
      memory.many / memory.some,
      'ratio',
      1.2,
      `${inMb(memory.many)} against ${inMb(memory.some)}`,
      '1.15 when the plain map of decision 0016 came in; what has raised it since is not known',
    ),
    result(
      'GET products with search and sort p50, 10⁵ against 10² products',
      times.large / times.small,
      'ratio',
      3,
      `${inMs(times.large)} against ${inMs(times.small)}`,
      'a search scans 100,000 texts, without an index: decision 0015',
    ),
    result(
      'GET products with search and sort RCU, 10⁵ against 10² products',
      units.large / units.small,
      'ratio',
      1,
      `${units.large} RCU against ${units.small} RCU, once the container has the catalogue`,
    ),
  ];
};

const isProductWrite = ({ action }: TableCall) => action === 'BatchWriteItem';

/** Writes the items of products as a script would: 25 at a time, 4 at once. Returns its milliseconds. */
async function writeBare(count: number): Promise<number> {
  const { newId } = await import('../../shared/runtime/ids.ts');
  const product = await import('../../shared/products/product.ts');
  const tenantId = newId(tenantIds);
  const now = new Date().toISOString();
  const sdk = DynamoDBDocumentClient.from(new DynamoDBClient({}), {
    marshallOptions: { removeUndefinedValues: true },
  });
  const table = String(process.env.TABLE_NAME);
  let next = 0;
  const startedAt = performance.now();
  const worker = async () => {
    while (next < count) {
      const start = next;
      next += 25;
      const puts = Array.from({ length: Math.min(25, count - start) }, (_, offset) => {
        const one = {
          ...channelProduct(start + offset),
          marketplace: 'wildberries' as const,
          updated_at: now,
        };
        const id = product.productIdOf(tenantId, one.marketplace, one.external_id);
        const Item = product.toItem(tenantId, id, one, now);
        return { PutRequest: { Item } };
      });
      await sdk.send(new BatchWriteCommand({ RequestItems: { [table]: puts } }));
    }
  };
  await Promise.all(Array.from({ length: 4 }, worker));
  sdk.destroy();
  return performance.now() - startedAt;
}

/** Peak memory in bytes of a process that does nothing but sync so many products. */
async function memoryOf(count: number): Promise<number> {
  const { tenantId } = await newMember();
  const file = fileURLToPath(new URL('sync-memory.ts', import.meta.url));
  return new Promise((resolve, reject) => {
    const child = fork(file, [tenantId, String(count)], {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    child.on('message', (bytes) => resolve(Number(bytes)));
    child.on('error', reject);
    child.on('exit', (code) => {
      if (code !== 0) reject(new Error(`Measuring memory ended with ${code}`));
    });
  });
}
