import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { PlainError } from './plain-error.ts';
import { replaceFile } from './store.ts';

/** Whether a process with this id exists, be it one of another user. */
export function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid < 1) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Another runner works on the data folder. */
export class DataDirInUseError extends PlainError {
  constructor(dataDir: string, pid: number) {
    super(
      `${dataDir} is in use by the runner with process id ${pid}: stop it, or choose another folder with DATA_DIR=`,
    );
  }
}

/** Says by a port that it listens on, which the kernel closes with the process, that a runner is there. */
interface Owner {
  readonly pid: number;
  readonly port: number;
  /** What it says on that port, and no other process does. */
  readonly id: string;
}

/** How long a runner that may just be ending is waited for. */
const maxWaitMs = 2000;

/**
 * Makes this process the owner of a data folder, which is made where there is none. Waits up to two
 * seconds for an owner that ends. Rejects with {@link DataDirInUseError}, or with PlainError for a
 * folder that cannot be written. Returns what gives the folder up.
 */
export async function claimDataDir(dataDir: string): Promise<() => void> {
  const file = join(dataDir, 'runner.json');
  try {
    // Secrets and tokens of the local cloud are this user's alone.
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const owner = readOwner(file);
    if (owner && !(await hasEnded(owner))) throw new DataDirInUseError(dataDir, owner.pid);

    const id = randomUUID();
    const server = createServer((socket) => socket.on('error', () => {}).write(id)).unref();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
    const { port } = server.address() as AddressInfo;
    replaceFile(file, `${JSON.stringify({ pid: process.pid, port, id } satisfies Owner)}\n`);
    const sockets = new Set<{ destroy(): void }>();
    server.on('connection', (socket) => sockets.add(socket));
    return () => {
      rmSync(file, { force: true });
      server.close();
      for (const socket of sockets) socket.destroy();
    };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof PlainError || code === undefined) throw error;
    const reason = ['EEXIST', 'ENOTDIR'].includes(code)
      ? 'is no folder, or lies in something that is none'
      : `cannot be written (${code})`;
    throw new PlainError(`${dataDir} ${reason}: choose another folder with DATA_DIR=`);
  }
}

/** Whether an owner is gone, or goes while it is waited for. A process that took its place is none. */
function hasEnded({ pid, port, id }: Owner): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let said = '';
    const end = (isEnded: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(isEnded);
    };
    // One that says nothing may have been stopped (Ctrl-Z): then its process is still there.
    const timer = setTimeout(() => end(said === '' && !isRunning(pid)), maxWaitMs);
    socket.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (!id.startsWith(said)) end(true);
    });
    socket.on('close', () => end(true));
    socket.on('error', () => end(true));
  });
}

function readOwner(file: string): Owner | undefined {
  try {
    const { pid, port, id } = JSON.parse(readFileSync(file, 'utf8')) as Partial<Owner>;
    return pid && port && id ? { pid, port, id } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT')
      return undefined;
    throw error;
  }
}

const checkEveryMs = 200;

/**
 * Calls back once the package manager that started this process is gone without a word: killed, or
 * hung up on. Does nothing for a process that was not started by one. No system tells a process of its
 * parent's end in a way that Node.js passes on, so it looks.
 */
export function onPackageManagerExit(callback: () => void): void {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent && isRunning(parent)) return;
    clearInterval(timer);
    callback();
  }, checkEveryMs).unref();
}
