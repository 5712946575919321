import { newMember, signInAgain } from '../members.ts';
import { call, loadSource, startSurroundings } from '../product.ts';
import type { Benchmark } from '../result.ts';
import { wavesOf } from '../round-trips.ts';
import { TableMeter } from '../table-meter.ts';

/** That what leaves an audit entry waits for the table no more often than it did without one. */
export const benchmark: Benchmark = async () => {
  const surroundings = await startSurroundings();
  const { tableClient } = await import('../../shared/table/table.ts');
  const [create, remove, rename, logout] = await Promise.all([
    loadSource('api-keys/create'),
    loadSource('api-keys/delete'),
    loadSource('tenants/update-mine'),
    loadSource('auth/logout'),
  ]);
  const owner = await newMember();
  // Of a session that the functions know: without the check of it.
  const { principal } = await signInAgain(owner);
  const asOwner = { principal };
  const newKey = () =>
    call<{ id: string }>(create, 'api-keys/create', { ...asOwner, body: { name: 'sensor' } });
  const change = (name: string) =>
    call(rename, 'tenants/update-mine', { ...asOwner, body: { name } });
  const deletion = async () => {
    const { id } = await newKey();
    return () => call(remove, 'api-keys/delete', { ...asOwner, pathParameters: { id } });
  };
  await (await deletion())();
  await change('Example Ltd');

  const meter = new TableMeter(tableClient);
  const again = await deletion();
  const results = [
    wavesOf('sign-up, with its audit entry', 2, await meter.watch(newMember)),
    wavesOf('API key created, with its audit entry', 3, await meter.watch(newKey)),
    wavesOf('API key deleted, with its audit entry', 2, await meter.watch(again)),
    wavesOf('rename, with its audit entry', 3, await meter.watch(() => change('Other Ltd'))),
    wavesOf(
      'sign-out, with its audit entry',
      1,
      await meter.watch(() => call(logout, 'auth/logout', asOwner)),
    ),
  ];
  surroundings.stop();
  return results;
};
