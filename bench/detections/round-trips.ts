import type { NewDetection } from '../../shared/detections/ingest.ts';
import { newMember } from '../members.ts';
import { call, loadSource, startSurroundings } from '../product.ts';
import type { Benchmark } from '../result.ts';
import { wavesOf } from '../round-trips.ts';
import { TableMeter } from '../table-meter.ts';

/** How often a list of detections waits for the table. */
export const benchmark: Benchmark = async () => {
  const surroundings = await startSurroundings();
  const [{ tableClient }, { ingest }, list] = await Promise.all([
    import('../../shared/table/table.ts'),
    import('../../shared/detections/ingest.ts'),
    loadSource('detections/list'),
  ]);
  const owner = await newMember();
  await ingest(owner.tenantId, recent(60));
  const newcomer = await newMember();
  await ingest(newcomer.tenantId, recent(5));

  const meter = new TableMeter(tableClient);
  const wavesOfList = async (name: string, { principal }: typeof owner) =>
    wavesOf(name, 1, await meter.watch(() => call(list, 'detections/list', { principal })));
  const results = [
    await wavesOfList('GET detections', owner),
    await wavesOfList('GET detections with less than a page', newcomer),
  ];
  surroundings.stop();
  return results;
};

/** Detections of this very moment. */
function recent(count: number): NewDetection[] {
  return Array.from({ length: count }, () => ({
    source_ip: '192.0.2.10',
    label: 'MALWARE',
    probability: 0.9,
  }));
}
