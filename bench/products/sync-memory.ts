import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { syncOnce } from '../../harness/products/sync-subject.ts';

const [tenantId, count] = process.argv.slice(2);
if (!tenantId || !count || !process.send) throw new Error('Start benchmarks with npm run bench');

// As the worker does.
setFlagsFromString('--optimize-for-size');
// A first sync, and one in which nothing has changed.
for (let round = 0; round < 2; round += 1) await syncOnce(tenantId, Number(count));
// Not resourceUsage(): that counts what the process was forked from.
const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
process.send(Number(peak) * 1024, () => process.exit());
