// First: functions read their environment when they load.
import '../harness/environment.ts';
import { pathToFileURL } from 'node:url';
import type { Benchmark } from './result.ts';

const [, , file, ...options] = process.argv;
if (!file || !process.send) throw new Error('Start benchmarks with npm run bench');
const send = process.send.bind(process);

const { benchmark }: { benchmark: Benchmark } = await import(pathToFileURL(file).href);
const results = await benchmark((progress) => send({ progress }), {
  options,
  print: (text) => send({ text }),
});
send({ results }, () => process.exit());
