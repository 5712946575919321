import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Checkout, checkOut } from '../harness/checkout.ts';
import { type Run, runScript, until } from '../harness/runner.ts';
import { type Benchmark, result } from './result.ts';
import { median } from './statistics.ts';

const starts = 3;
const changes = 5;
const firstReadySeconds = 5;
const readySeconds = 2;
const liveSeconds = 1;

/** How long one waits for the product on one machine: from the command to ready, and from a change to live. */
export const benchmark: Benchmark = async (tell) => {
  const checkout = checkOut();
  try {
    const first: number[] = [];
    const again: number[] = [];
    for (let i = 0; i < starts; i++) {
      tell(`start ${i + 1} of ${starts}`);
      for (const made of ['build', '.local'])
        rmSync(join(checkout.folder, made), { recursive: true, force: true });
      first.push(await secondsToReady(checkout));
      again.push(await secondsToReady(checkout));
    }
    tell('changes');
    const [ofFunction, ofAll] = await secondsToLive(checkout);
    return [
      result(
        'start: first ready after npm ci',
        median(first),
        's',
        firstReadySeconds,
        'bundles, templates, data and keys made first',
      ),
      result('start: ready with nothing changed', median(again), 's', readySeconds, 'data kept'),
      result(
        'start: change of a function to live',
        ofFunction,
        's',
        liveSeconds,
        'from the file written to the answer that shows it',
      ),
      result(
        'start: change of all functions to live',
        ofAll,
        's',
        liveSeconds,
        'in a function that was called of late; the others follow',
      ),
    ];
  } finally {
    checkout.remove();
  }
};

async function start({ folder }: Checkout): Promise<{ run: Run; seconds: number }> {
  const startedAt = performance.now();
  const run = runScript(folder, 'local/start.ts', [], {
    PORT: '0',
    DATA_DIR: join(folder, '.local'),
  });
  await until('the ready line', () => run.output().includes('ready'), 120_000);
  return { run, seconds: (performance.now() - startedAt) / 1000 };
}

async function stop(run: Run): Promise<void> {
  run.process.kill('SIGTERM');
  await run.ended;
}

async function secondsToReady(checkout: Checkout): Promise<number> {
  const { run, seconds } = await start(checkout);
  await stop(run);
  return seconds;
}

/** Until the product answers with a change of one function, and of what every function is made from. */
async function secondsToLive(checkout: Checkout): Promise<[ofFunction: number, ofAll: number]> {
  const { run } = await start(checkout);
  try {
    const url = /http:\/\/localhost:\d+/.exec(run.output())?.[0] ?? '';
    let told = 0;
    const change = async (path: string, from: RegExp, to: string, header?: string) => {
      const file = join(checkout.folder, path);
      const content = readFileSync(file, 'utf8');
      if (!from.test(content)) throw new Error(`${path} has nothing like ${from}`);
      writeFileSync(`${file}.new`, content.replace(from, to));
      const startedAt = performance.now();
      renameSync(`${file}.new`, file);
      await until('the change is live', async () => {
        const response = await fetch(`${url}/api/v1/health/live`);
        const text = await response.text();
        return header
          ? response.headers.has(header)
          : text.includes(to.slice("status: '".length, -1));
      });
      const seconds = (performance.now() - startedAt) / 1000;
      // The rest of the functions must not compete with the next change.
      told += 1;
      await until('the change is told', () => run.output().split(' live after ').length > told);
      return seconds;
    };
    const ofFunction: number[] = [];
    const ofAll: number[] = [];
    for (let i = 0; i < changes; i++) {
      ofFunction.push(
        await change('functions/health/live.ts', /status: '\w+'/, `status: 'alive${i}'`),
      );
      ofAll.push(
        await change(
          'shared/http/chain.ts',
          /(Object\.assign\()?await begin\(await serve\(event\)\)(, \{ headers: .*? \} \}\))?/,
          `Object.assign(await begin(await serve(event)), { headers: { 'x-bench-${i}': '1' } })`,
          `x-bench-${i}`,
        ),
      );
    }
    return [median(ofFunction), median(ofAll)];
  } finally {
    await stop(run);
  }
}
