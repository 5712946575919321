import { readFileSync } from 'node:fs';
import { startAws } from '../../harness/aws.ts';
import type { Metered } from './hour.ts';

if (!process.send) throw new Error('Start benchmarks with npm run bench');
let [calls, records] = [0, 0];
// It accepts everything, as AWS mostly does.
const aws = await startAws({
  BatchMeterUsage: ({ UsageRecords }) => {
    const sent = UsageRecords as object[];
    calls += 1;
    records += sent.length;
    const Results = sent.map((UsageRecord) => ({ UsageRecord, Status: 'Success' }));
    return { members: { Results, UnprocessedRecords: [] } };
  },
});
process.env.AWS_ENDPOINT_URL_MARKETPLACE_METERING = aws.endpoint;
const { meterHours } = await import('../../shared/metering/run.ts');
await meterHours({ hasTime: () => true, wait: async () => undefined });
const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
const metered: Metered = { calls, records, peak: Number(peak) * 1024 };
process.send(metered, () => process.exit());
