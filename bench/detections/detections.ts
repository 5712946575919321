import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { BatchWriteCommand, DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import type { NewDetection } from '../../shared/detections/ingest.ts';
import { newId } from '../../shared/runtime/ids.ts';
import { tenantIds } from '../../shared/tenants/ids.ts';
import { type Member, newMember } from '../members.ts';
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
import { consumedBy, TableMeter } from '../table-meter.ts';

const few = 100;
const many = 100_000;
const tenants = 1000;
/** What each of the other tenants has: half a page. */
const others = 25;

/**
 * Whether a page costs the same however much the tenant has and however many tenants there are. One
 * tenant is measured alone in a table, and again in a table that then gets 1000 tenants; a second
 * one there has a thousand times the detections.
 */
export const benchmark: Benchmark = async (tell) => {
  const surroundings = await startSurroundings();
  const [bundle] = await bundleAside('detections', ['detections/list']);
  const [{ tableClient }, { ingest }, list] = await Promise.all([
    import('../../shared/table/table.ts'),
    import('../../shared/detections/ingest.ts'),
    loadSource('detections/list'),
  ]);
  const crowded = String(process.env.TABLE_NAME);
  const listCrowded = loadBundle<Handler>(bundle);
  const small = await newMember();
  await ingest(small.tenantId, detections(few));

  const alone = await surroundings.useNewTable();
  await copyTable(crowded, alone);
  const listAlone = loadBundle<Handler>(bundle);
  const page = (handler: Handler, { principal }: Member) =>
    call(handler, 'detections/list', { principal });
  const meter = new TableMeter(tableClient);
  const unitsOf = async (member: Member) => {
    await page(list, member);
    return consumedBy(await meter.watch(() => page(list, member))).read;
  };
  const unitsAlone = await unitsOf(small);

  const large = await newMember();
  await inParallel(
    [
      ...Array.from({ length: many / few }, (_, batch) => ({
        tenantId: large.tenantId,
        items: detections(few, batch * few),
      })),
      ...Array.from({ length: tenants - 2 }, () => ({
        tenantId: newId(tenantIds),
        items: detections(others),
      })),
    ],
    async ({ tenantId, items }, done) => {
      await ingest(tenantId, items);
      tell(`loading ${Math.round(100 * done)} %`);
    },
  );

  const units = { small: await unitsOf(small), large: await unitsOf(large) };
  const times = await timeInTurns(
    {
      alone: () => page(listAlone, small),
      small: () => page(listCrowded, small),
      large: () => page(listCrowded, large),
    },
    { warmUp: 300, measured: 1500 },
    tell,
  );
  surroundings.stop();

  const compare = (what: string, value: number, peer: number, format: (v: number) => string) =>
    result(what, value / peer, 'ratio', 1.15, `${format(value)} against ${format(peer)}`);
  const inUnits = (value: number) => `${value} RCU`;
  return [
    compare('GET detections p50, 10⁵ against 10² in the tenant', times.large, times.small, inMs),
    compare('GET detections RCU, 10⁵ against 10² in the tenant', units.large, units.small, inUnits),
    compare('GET detections p50, 10³ tenants against 1', times.small, times.alone, inMs),
    compare('GET detections RCU, 10³ tenants against 1', units.small, unitsAlone, inUnits),
  ];
};

/** Detections of now and the milliseconds before, the first `newer` of them left out. */
function detections(count: number, newer = 0): NewDetection[] {
  const nowMs = Date.now();
  return Array.from({ length: count }, (_, index) => ({
    ts: new Date(nowMs - newer - index).toISOString(),
    source_ip: `192.0.2.${index % 256}`,
    label: 'MALWARE',
    probability: 0.9,
    eni_id: 'eni-0123456789abcdef0',
  }));
}

/** Copies a table that is still small. */
async function copyTable(from: string, to: string): Promise<void> {
  const sdk = DynamoDBDocumentClient.from(new DynamoDBClient({}));
  const { Items = [] } = await sdk.send(new ScanCommand({ TableName: from }));
  for (let start = 0; start < Items.length; start += 25) {
    const puts = Items.slice(start, start + 25).map((Item) => ({ PutRequest: { Item } }));
    await sdk.send(new BatchWriteCommand({ RequestItems: { [to]: puts } }));
  }
  sdk.destroy();
}

async function inParallel<T>(
  tasks: readonly T[],
  work: (task: T, done: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < tasks.length; index = next++) {
      const task = tasks[index];
      if (task !== undefined) await work(task, index / tasks.length);
    }
  };
  await Promise.all([worker(), worker(), worker(), worker()]);
}
