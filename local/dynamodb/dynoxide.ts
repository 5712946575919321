import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { replaceFile } from '../runtime/store.ts';

/** The embedded DynamoDB as a child process. */
export interface Dynoxide {
  readonly url: string;
  readonly pid: number;
  /** Settles when the process ends without having been stopped. */
  readonly died: Promise<void>;
  stop(): Promise<void>;
}

/**
 * The shell between the runner and the database: it ends the database as soon as its own standard
 * input closes, which the kernel does however the runner ends, `kill -9` included.
 */
const supervisor =
  '"$0" "$@" </dev/null 2>&1 & db=$!; echo "pid $db"; exec >/dev/null 2>&1; cat; kill -KILL "$db"';

const maxStartMs = 10_000;

/** Starts the database on the file in `dataDir`. Ends one that an earlier runner left behind on it. */
export async function startDynoxide(dataDir: string): Promise<Dynoxide> {
  const binary = binaryPath();
  const database = join(dataDir, 'table.sqlite');
  const pidFile = join(dataDir, 'dynoxide.pid');
  await endLeftover(pidFile, database);

  const port = await freePort();
  const child = spawn(
    '/bin/sh',
    ['-c', supervisor, binary, 'serve', '-p', String(port), '--db-path', database],
    {
      // A group of its own: Ctrl-C reaches the runner alone, which then stops the database in order.
      detached: true,
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  child.stdin.on('error', () => {});

  let output = '';
  let isStopping = false;
  const ended = new Promise<void>((resolve) => {
    child.stdout.on('end', resolve);
    child.on('error', () => resolve());
  });
  const ready = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (/^pid \d+$/m.test(output) && output.includes('listening')) resolve();
    });
  });
  const timer = setTimeout(() => child.stdin.end(), maxStartMs);
  const outcome = await Promise.race([ready.then(() => 'ready'), ended.then(() => 'ended')]);
  clearTimeout(timer);
  if (outcome === 'ended')
    throw new Error(`The embedded DynamoDB did not start: ${output.trim() || 'see above'}`);

  const pid = Number(/^pid (\d+)$/m.exec(output)?.[1]);
  replaceFile(pidFile, `${pid}\n`);
  return {
    url: `http://127.0.0.1:${port}`,
    pid,
    died: new Promise((resolve) => {
      ended.then(() => isStopping || resolve());
    }),
    stop: async () => {
      isStopping = true;
      signal(pid, 'SIGTERM');
      const timer = setTimeout(() => child.stdin.end(), 1500);
      await ended;
      clearTimeout(timer);
      child.stdin.end();
      rmSync(pidFile, { force: true });
    },
  };
}

function binaryPath(): string {
  const name = `@dynoxide/${process.platform}-${process.arch}`;
  try {
    return join(
      dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)),
      'dynoxide',
    );
  } catch {
    throw new Error(
      `There is no embedded DynamoDB for ${process.platform}-${process.arch} here. Start one yourself ` +
        '(npx dynoxide serve, or DynamoDB Local) and name it in AWS_ENDPOINT_URL_DYNAMODB.',
    );
  }
}

/** Ends the recorded process if it still is a database on our file, so that two never write it. */
async function endLeftover(pidFile: string, database: string): Promise<void> {
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8'));
  if (Number.isInteger(pid) && pid > 1 && isDatabaseOn(pid, database)) {
    signal(pid, 'SIGKILL');
    for (let attempt = 0; attempt < 100 && isDatabaseOn(pid, database); attempt++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  rmSync(pidFile, { force: true });
}

function isDatabaseOn(pid: number, database: string): boolean {
  try {
    const [command = '', ...args] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return command.endsWith('/dynoxide') && args.includes(database);
  } catch {
    return false;
  }
}

function signal(pid: number, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
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
