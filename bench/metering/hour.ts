import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { newId } from '../../shared/runtime/ids.ts';
import { tenantIds } from '../../shared/tenants/ids.ts';
import { startSurroundings } from '../product.ts';
import { type Benchmark, result } from '../result.ts';
import { newLicensed } from './licenses.ts';

const few = 1000;
const many = 10_000;
const atOnce = 32;

/** What the process of a run says of it. */
export interface Metered {
  readonly records: number;
  readonly calls: number;
  /** Peak of its memory, in bytes. */
  readonly peak: number;
}

/** An hour of many licenses: in how many calls it is reported, and in how much memory. */
export const benchmark: Benchmark = async (tell) => {
  const surroundings = await startSurroundings();
  const measure = async (count: number) => {
    await surroundings.useNewTable();
    await fill(count, tell);
    tell(`metering ${count}`);
    return inOwnProcess();
  };
  const small = await measure(few);
  const large = await measure(many);
  surroundings.stop();
  const inMb = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MB`;
  return [
    result(
      'an hour of 10,000 licenses, calls against records / 25',
      large.calls / Math.ceil(large.records / 25),
      'ratio',
      1,
      `${large.calls} calls for ${large.records} records`,
    ),
    result(
      'an hour of 10,000 licenses, peak memory against 1,000',
      large.peak / small.peak,
      'ratio',
      1.15,
      `${inMb(large.peak)} against ${inMb(small.peak)}`,
    ),
  ];
};

/** Licenses are made in the table that the environment names: modules have the first one. */
async function fill(count: number, tell: (progress: string) => void): Promise<void> {
  const { tableClient } = await import('../../shared/table/table.ts');
  const TableName = process.env.TABLE_NAME;
  tableClient.middlewareStack.add(
    (next) => (args) => {
      const { TransactItems = [] } = args.input as { TransactItems?: Record<string, object>[] };
      for (const item of TransactItems)
        for (const write of Object.values(item)) Object.assign(write, { TableName });
      return next(args);
    },
    { step: 'initialize', name: 'tableName', override: true },
  );
  let made = 0;
  const worker = async () => {
    while (made < count) {
      made += 1;
      if (made % 500 === 0) tell(`${made} of ${count} licenses`);
      await newLicensed(newId(tenantIds));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

function inOwnProcess(): Promise<Metered> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL('hour-child.ts', import.meta.url)), [], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: [...process.execArgv, '--max-semi-space-size=1'],
    });
    child.once('message', (metered: Metered) => resolve(metered));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`The run ended with ${code}`)));
  });
}
