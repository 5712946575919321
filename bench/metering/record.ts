import { randomUUID } from 'node:crypto';
import type { LicenseItem } from '../../shared/marketplace/items.ts';
import { newId } from '../../shared/runtime/ids.ts';
import { tenantIds } from '../../shared/tenants/ids.ts';
import { startSurroundings } from '../product.ts';
import { type Benchmark, result } from '../result.ts';
import { inMs, timeInTurns } from '../statistics.ts';
import { newLicensed } from './licenses.ts';

/** Recording usage beside one bare transaction of the same writes. */
export const benchmark: Benchmark = async (tell) => {
  const surroundings = await startSurroundings();
  const [{ tableClient }, { recordUsage }, { TransactWriteCommand }] = await Promise.all([
    import('../../shared/table/table.ts'),
    import('../../shared/metering/record.ts'),
    import('@aws-sdk/lib-dynamodb'),
  ]);
  const tenantId = newId(tenantIds);
  const license: LicenseItem = await newLicensed(tenantId);
  const report = () => ({ dimension: 'api_calls', quantity: 1, idempotency_key: randomUUID() });
  await recordUsage(tenantId, report());

  // What one report has written, again and again under other keys.
  let text = '';
  tableClient.middlewareStack.add(
    (next) => (args) => {
      text = JSON.stringify(args.input);
      return next(args);
    },
    { step: 'initialize', name: 'copy' },
  );
  await recordUsage(tenantId, report());
  tableClient.middlewareStack.remove('copy');
  const bare = () => {
    const input = JSON.parse(text);
    input.TransactItems[0].Put.Item.pk = `TENANT#${tenantId}#USAGE#KEY.${randomUUID()}`;
    return tableClient.send(new TransactWriteCommand(input));
  };
  const times = await timeInTurns(
    { record: () => recordUsage(tenantId, report()), bare },
    { warmUp: 200, measured: 1000 },
    tell,
  );
  surroundings.stop();
  return [
    result(
      'usage recorded p50, against its bare transaction',
      times.record / times.bare,
      'ratio',
      1.3,
      `${inMs(times.record)} against ${inMs(times.bare)}, license ${license.license_id.slice(0, 6)}`,
    ),
  ];
};
