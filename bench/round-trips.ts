import { newMember, signInAgain } from './members.ts';
import { call, loadSource, startSurroundings } from './product.ts';
import { type Benchmark, type Result, result } from './result.ts';
import { roundTrips, type TableCall, TableMeter } from './table-meter.ts';

/** How often a request waits for the table, whatever it asks for side by side. */
export const benchmark: Benchmark = async () => {
  const surroundings = await startSurroundings();
  const { tableClient } = await import('../shared/table/table.ts');
  const refresh = await loadSource('auth/refresh');
  const owner = await newMember();

  const meter = new TableMeter(tableClient);
  const body = { refresh_token: owner.refresh_token };
  const results = [
    wavesOf('login', 2, await meter.watch(() => signInAgain(owner))),
    wavesOf('refresh', 2, await meter.watch(() => call(refresh, 'auth/refresh', { body }))),
  ];
  surroundings.stop();
  return results;
};

/** How often a request waited for the table, beside how often it may. */
export function wavesOf(name: string, target: number, calls: readonly TableCall[]): Result {
  const actions = calls.map(({ action }) => action).join(', ');
  return result(`${name}: round trips in a row`, roundTrips(calls), 'waves', target, actions);
}
