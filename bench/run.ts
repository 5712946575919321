import { fork } from 'node:child_process';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { availableParallelism, devNull, loadavg, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { benchRooms } from './features.ts';
import type { Result } from './result.ts';
import { formatTable } from './table.ts';

const benchmarks = [
  'bundle-size',
  'import-time',
  'authorizer',
  'login',
  'refresh',
  'refresh-in-memory',
  'round-trips',
  'start',
  ...benchRooms.flatMap(({ feature, benchmarks: own = [] }) =>
    own.map((name) => `${feature}/${name}`),
  ),
  'capacity',
];

const onRequest = benchRooms.flatMap(({ feature, benchmarksOnRequest: own = [] }) =>
  own.map((name) => `${feature}/${name}`),
);
const known = [...benchmarks, ...onRequest];
/** `peers` asks for `detections/peers`. */
const fullName = (name: string) =>
  known.includes(name) ? name : (known.find((one) => one.endsWith(`/${name}`)) ?? name);

const isOption = (argument: string) => argument.startsWith('--');
const asked = process.argv
  .slice(2)
  .filter((argument) => !isOption(argument))
  .map(fullName);
const options = process.argv
  .slice(2)
  .filter(isOption)
  .map((option) => option.slice(2));

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

type Message = { progress: string } | { text: string } | { results: Result[] };

/** Runs one benchmark in a process of its own; what its functions log goes where logs of a benchmark belong. */
function runAlone(name: string): Promise<Result[]> {
  const logs = openSync(devNull, 'w');
  return new Promise((resolve, reject) => {
    const child = fork(path('child.ts'), [path(`${name}.ts`), ...options], {
      stdio: ['ignore', logs, 'inherit', 'ipc'],
    });
    closeSync(logs);
    let results: Result[] | undefined;
    child.on('message', (message: Message) => {
      if ('results' in message) results = message.results;
      else if ('text' in message) console.log(`\n${message.text}`);
      else tell(name, message.progress);
    });
    child.on('error', reject);
    child.on('exit', (code) => {
      if (code === 0 && results) resolve(results);
      else reject(new Error(`The benchmark ${name} ended with ${code}`));
    });
  });
}

/** Goes before other work of the machine, where this user may: benchmarks inherit it. */
function goFirst(): void {
  try {
    setPriority(-15);
  } catch {
    // Then the figures are as calm as the machine is.
  }
}

const startedAt = performance.now();
const elapsed = () => `${((performance.now() - startedAt) / 1000).toFixed(0)} s`;

function tell(name: string, progress: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${elapsed()}  ${name}  ${progress}`);
}

async function run(names: readonly string[]): Promise<Result[]> {
  const results: Result[] = [];
  for (const name of names) {
    tell(name, '');
    results.push(...(await runAlone(name)));
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
    console.error(`${elapsed().padStart(6)}  ${name} done`);
  }
  return results;
}

const unknown = asked.find((name) => !known.includes(name));
if (unknown !== undefined) {
  console.error(`There is no benchmark ${unknown}; there are ${known.join(', ')}`);
  process.exit(2);
}

goFirst();
const results = await run(asked.length > 0 ? asked : benchmarks);
if (results.length > 0) {
  const load = loadavg()[0]?.toFixed(1);
  console.log(`\n${formatTable(results)}`);
  console.log(`\nload of the machine ${load} on ${availableParallelism()} processors`);
}
if (asked.length === 0) {
  const kept = results.map(({ note: _, ...figure }) => figure);
  writeFileSync(path('results.json'), `${JSON.stringify(kept, null, 2)}\n`);
}
