import type { NewDetection } from '../shared/detections/ingest.ts';
import { newMember, signInAgain } from './members.ts';
import { call, loadSource, startSurroundings } from './product.ts';
import { type Benchmark, result } from './result.ts';
import { roundTrips, type TableCall, TableMeter } from './table-meter.ts';

/** How often a request waits for the table, whatever it asks for side by side. */
export const benchmark: Benchmark = async () => {
  const surroundings = await startSurroundings();
  const [{ tableClient }, { ingest }, refresh, list] = await Promise.all([
    import('../shared/table/table.ts'),
    import('../shared/detections/ingest.ts'),
    loadSource('auth/refresh'),
    loadSource('detections/list'),
  ]);
  const owner = await newMember();
  await ingest(owner.tenantId, recent(60));
  const newcomer = await newMember();
  await ingest(newcomer.tenantId, recent(5));

  const meter = new TableMeter(tableClient);
  const body = { refresh_token: owner.refresh_token };
  const results = [
    row('login', 2, await meter.watch(() => signInAgain(owner))),
    row('refresh', 2, await meter.watch(() => call(refresh, 'auth/refresh', { body }))),
    row(
      'GET detections',
      1,
      await meter.watch(() => call(list, 'detections/list', { principal: owner.principal })),
    ),
    row(
      'GET detections with less than a page',
      1,
      await meter.watch(() => call(list, 'detections/list', { principal: newcomer.principal })),
    ),
  ];
  surroundings.stop();
  return results;
};

function row(name: string, target: number, calls: readonly TableCall[], reason?: string) {
  const actions = calls.map(({ action }) => action).join(', ');
  return result(
    `${name}: round trips in a row`,
    roundTrips(calls),
    'waves',
    target,
    actions,
    reason,
  );
}

/** Detections of this very moment. */
function recent(count: number): NewDetection[] {
  return Array.from({ length: count }, () => ({
    source_ip: '192.0.2.10',
    label: 'MALWARE',
    probability: 0.9,
  }));
}
