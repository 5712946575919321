import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from '../../harness/dynamodb.ts';
import { type Benchmark, type Extras, result } from '../result.ts';
import { median } from '../statistics.ts';
import { clientOf, startFilledCloud } from './local-cloud.ts';

const connections = 16;
const requests = 800;
const rounds = 5;
const maxRoundMs = 20_000;
const installMs = 300_000;
const startMs = 30_000;
const path = '/api/v1/detections?limit=50';

const run = promisify(execFile);
const fromHere = (name: string) => fileURLToPath(new URL(`peers/${name}`, import.meta.url));

/**
 * Requests a second for a page of 50 detections, through the local cloud and through a service of
 * FastAPI, SQLAlchemy and SQLite that does the same: in turns, by the same client.
 */
export const benchmark: Benchmark = async (tell, { print }) => {
  const folder = mkdtempSync(join(tmpdir(), 'tenantry-peers-'));
  try {
    tell('installing the packages of the peer');
    const python = await installPackages(folder, print);
    if (!python) return [];
    const peer = await startPeer(python, folder);
    const cloud = await startFilledCloud();
    const clients = {
      here: clientOf(cloud.url, cloud.token, connections),
      peer: clientOf(peer.url, peer.token, connections),
    };
    const rates = await ratesInTurns({ here: clients.here.get, peer: clients.peer.get }, tell);
    for (const client of Object.values(clients)) client.close();
    await Promise.all([cloud.stop(), peer.stop()]);
    return [
      result(
        `throughput of FastAPI against the local cloud, GET detections of 50, ${connections} connections`,
        rates.peer / rates.here,
        'ratio',
        1,
        `${Math.round(rates.peer)} against ${Math.round(rates.here)} requests/s`,
      ),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** The Python of a new virtual environment with the packages; undefined, and said why, where there is none. */
async function installPackages(
  folder: string,
  print: Extras['print'],
): Promise<string | undefined> {
  const python = join(folder, 'venv', 'bin', 'python');
  const requirements = fromHere('requirements.txt');
  try {
    await run('python3', ['-m', 'venv', join(folder, 'venv')], { timeout: installMs });
    await run(python, ['-m', 'pip', 'install', '--quiet', '--requirement', requirements], {
      timeout: installMs,
    });
    return python;
  } catch (error) {
    const reason = String((error as { stderr?: string }).stderr || error).trim();
    print(`Not measured: Python or its packages are not at hand (${reason.split('\n').at(-1)})`);
    return undefined;
  }
}

async function startPeer(python: string, folder: string) {
  const port = await freePort();
  const data = join(folder, 'data');
  mkdirSync(data);
  const child = spawn(python, [fromHere('service.py'), String(port), data], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const stop = async () => {
    child.kill();
    await ended;
  };
  const lines = createInterface({ input: child.stdout });
  const signal = AbortSignal.timeout(startMs);
  const [token] = (await once(lines, 'line', { signal })) as [string];
  // Its access log comes the same way, and must not fill the pipe.
  lines.on('line', () => undefined);
  const url = `http://127.0.0.1:${port}`;
  const client = clientOf(url, token);
  const isUp = () => client.get(path).then(Boolean, () => false);
  while (!(await isUp())) {
    if (signal.aborted) throw new Error('The peer does not answer');
    await delay(50);
  }
  client.close();
  return { url, token, stop };
}

type Get = (path: string) => Promise<Buffer>;

/** The median of requests a second of each subject; they take turns, after one that is not measured. */
async function ratesInTurns<N extends string>(
  subjects: Record<N, Get>,
  tell: (progress: string) => void,
): Promise<Record<N, number>> {
  const names = Object.keys(subjects) as N[];
  const rates = new Map(names.map((name) => [name, [] as number[]]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const name of names) {
      const rate = await rateOf(subjects[name]);
      if (round > 0) rates.get(name)?.push(rate);
    }
    tell(`round ${round} of ${rounds}`);
  }
  return Object.fromEntries(names.map((name) => [name, median(rates.get(name) ?? [])])) as Record<
    N,
    number
  >;
}

/** Sends requests over all connections at once, as many as there are to send or as fit into the time. */
async function rateOf(get: Get): Promise<number> {
  const startedAt = performance.now();
  let [sent, answered] = [0, 0];
  const connection = async () => {
    while (sent < requests && performance.now() - startedAt < maxRoundMs) {
      sent += 1;
      await get(path);
      answered += 1;
    }
  };
  await Promise.all(Array.from({ length: connections }, connection));
  return answered / ((performance.now() - startedAt) / 1000);
}
