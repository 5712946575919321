import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { asSystem } from '../../harness/audit/actor.ts';
import { seriesIndex } from '../../shared/table/family.ts';
import { newMember } from '../members.ts';
import { call, loadSource, startSurroundings } from '../product.ts';
import { type Benchmark, result } from '../result.ts';
import { inMs, timeInTurns } from '../statistics.ts';
import { consumedBy, TableMeter } from '../table-meter.ts';
import { clientOf, type FilledCloud, startFilledCloud } from './local-cloud.ts';

const path = '/api/v1/detections?limit=50';

/**
 * A page of 50 detections on one machine: what the cloud around the function adds to the bare Query of
 * that page through the SDK, on the same database; and what a page takes of the table.
 */
export const benchmark: Benchmark = async (tell) => {
  const cloud = await startFilledCloud();
  const surroundings = await startSurroundings();
  const client = clientOf(cloud.url, cloud.token);
  const bare = await bareQuery(cloud);
  const times = await timeInTurns(
    {
      bare: () => bare.run(),
      page: () => client.get(path),
      live: () => client.get('/api/v1/health/live'),
    },
    { warmUp: 500, measured: 2000 },
    tell,
  );
  client.close();
  bare.close();
  await cloud.stop();
  const units = await measureUnits();
  surroundings.stop();
  return [
    result(
      'GET detections of 50 through the local cloud p50, against a bare Query',
      times.page / times.bare,
      'ratio',
      1.8,
      `${inMs(times.page)} against ${inMs(times.bare)}; GET health/live ${inMs(times.live)}`,
    ),
    result('GET detections, a full page of 50', units.full, 'RCU', 2.5, 'the newest quarter alone'),
    result('GET detections, 10 where 50 were asked for', units.short, 'RCU', 1, 'two quarters'),
  ];
};

/** The Query of the same page by itself, through the client library that functions use. */
async function bareQuery({ table, tenantId }: FilledCloud) {
  const { seriesKey } = await import('../../shared/detections/list.ts');
  const sdk = DynamoDBDocumentClient.from(
    new DynamoDBClient({
      endpoint: table.endpoint,
      region: 'us-east-1',
      // The embedded database keeps one table for all keys.
      credentials: { accessKeyId: 'local', secretAccessKey: 'bench' },
    }),
  );
  const { series_pk: series } = seriesKey(tenantId, { ts: new Date().toISOString(), id: '' });
  return {
    run: async () => {
      const { Items } = await sdk.send(
        new QueryCommand({
          TableName: table.name,
          IndexName: seriesIndex,
          KeyConditionExpression: 'series_pk = :series',
          ExpressionAttributeValues: { ':series': series },
          ScanIndexForward: false,
          Limit: 50,
        }),
      );
      if (Items?.length !== 50) throw new Error(`The bare Query found ${Items?.length} detections`);
    },
    close: () => sdk.destroy(),
  };
}

/** Read units of a page in a container that knows the tenant: one that is full, and one of ten. */
async function measureUnits(): Promise<{ full: number; short: number }> {
  const [{ tableClient }, { claimEnis }, { ingest }, list] = await Promise.all([
    import('../../shared/table/table.ts'),
    import('../../shared/detections/enis.ts'),
    import('../../shared/detections/ingest.ts'),
    loadSource('detections/list'),
  ]);
  const meter = new TableMeter(tableClient);
  const unitsOf = async (count: number) => {
    const { tenantId, principal } = await newMember();
    const eniId = `eni-${String(count).padStart(17, '0')}`;
    await asSystem(() => claimEnis(tenantId, [eniId]));
    const detection = { source_ip: '192.0.2.1', label: 'MALWARE', probability: 0.9, eni_id: eniId };
    await ingest(
      tenantId,
      Array.from({ length: count }, () => detection),
    );
    const page = () => call(list, 'detections/list', { principal, query: { limit: '50' } });
    await page();
    return consumedBy(await meter.watch(page)).read;
  };
  return { full: await unitsOf(60), short: await unitsOf(10) };
}
