import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Guarded, signal, spawnGuarded } from '../runtime/guarded.ts';
import { PlainError } from '../runtime/plain-error.ts';
import { replaceFile } from '../runtime/store.ts';
import { type Engine, findEngine } from './engine.ts';

/** The DynamoDB of this machine as a child process. */
export interface EmbeddedDatabase {
  readonly url: string;
  readonly pid: number;
  /** Settles when the process ends without having been stopped. */
  readonly died: Promise<void>;
  stop(): Promise<void>;
}

const maxStartMs = 20_000;
const stopGraceMs = 1500;

/**
 * Starts the database on its file in `dataDir`. Ends one that an earlier runner left behind on it.
 * Rejects with PlainError where there is none for this machine, or its file is damaged.
 */
export async function startEmbedded(
  dataDir: string,
  engine: Engine = findEngine(),
): Promise<EmbeddedDatabase> {
  const path = join(dataDir, engine.store);
  const pidFile = join(dataDir, 'database.pid');
  await endLeftover(pidFile, path);
  if (engine.store.endsWith('.sqlite')) checkFile(path);
  else mkdirSync(path, { recursive: true });

  const { url, process: database } = await startEngine(engine, path);
  replaceFile(pidFile, `${database.pid}\n`);
  let isStopping = false;
  return {
    url,
    pid: database.pid,
    died: new Promise((resolve) => {
      database.ended.then(() => isStopping || resolve());
    }),
    stop: async () => {
      isStopping = true;
      await database.stop(stopGraceMs);
      rmSync(pidFile, { force: true });
    },
  };
}

/** Starts a database that keeps all in memory, and is gone with this process. */
export async function startInMemory(): Promise<{ url: string; stop(): Promise<void> }> {
  const { url, process: database } = await startEngine(findEngine());
  return { url, stop: () => database.stop() };
}

async function startEngine(
  engine: Engine,
  path?: string,
): Promise<{ url: string; process: Guarded }> {
  const port = await freePort();
  const process = await spawnGuarded(engine.command, engine.args(port, path), {
    ...(engine.cwd && { cwd: engine.cwd }),
  });
  let output = '';
  process.output.on('data', (chunk: Buffer) => {
    output += output.length < 10_000 ? chunk.toString() : '';
  });
  const timer = setTimeout(() => process.stop(), maxStartMs);
  let hasEnded = false;
  process.ended.then(() => {
    hasEnded = true;
  });
  while (!hasEnded && !(await listens(port)))
    await Promise.race([process.ended, new Promise((resolve) => setTimeout(resolve, 5))]);
  clearTimeout(timer);
  if (hasEnded) {
    const needs = engine.command === 'java' ? ' It needs Java 17.' : '';
    throw new PlainError(`DynamoDB did not start.${needs} It says: ${output.trim() || 'nothing'}`);
  }
  return { url: `http://127.0.0.1:${port}`, process };
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const end = (isUp: boolean) => {
      socket.destroy();
      resolve(isUp);
    };
    socket.once('connect', () => end(true)).once('error', () => end(false));
  });
}

/** Throws PlainError for a file that is cut short or damaged: the database would start, and then fail. */
function checkFile(file: string): void {
  if (!existsSync(file)) return;
  const problem = statSync(file).size === 0 ? 'it is empty' : problemOf(file);
  if (problem === undefined) return;
  throw new PlainError(
    `${file} is damaged (${problem}): restore it, or delete the folder ${dirname(file)} to start over`,
  );
}

function problemOf(file: string): string | undefined {
  try {
    const database = new DatabaseSync(file);
    try {
      const [first = {}] = database.prepare('PRAGMA quick_check(1)').all();
      const [answer] = Object.values(first);
      return answer === 'ok' ? undefined : String(answer).replace(/\s*\n\s*/g, ' ');
    } finally {
      database.close();
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Ends the recorded process if it still is a database on our data, so that two never write it. */
async function endLeftover(pidFile: string, path: string): Promise<void> {
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8'));
  if (Number.isInteger(pid) && pid > 1 && isDatabaseOn(pid, path)) {
    signal(pid, 'SIGKILL');
    for (let attempt = 0; attempt < 100 && isDatabaseOn(pid, path); attempt++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  rmSync(pidFile, { force: true });
}

function isDatabaseOn(pid: number, path: string): boolean {
  return commandOf(pid).includes(path);
}

/** Its command line; none for a process that is gone. Windows leaves no database behind. */
function commandOf(pid: number): string {
  try {
    if (process.platform === 'linux')
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ');
    if (process.platform === 'win32') return '';
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return '';
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
