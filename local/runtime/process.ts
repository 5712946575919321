import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
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
export class DataDirInUseError extends Error {
  constructor(dataDir: string, pid: number) {
    super(
      `${dataDir} is in use by the runner with process id ${pid}: stop it, or choose another folder with DATA_DIR=`,
    );
    this.name = 'DataDirInUseError';
  }
}

interface Owner {
  readonly pid: number;
  readonly startedAt: string;
}

const held = new Set<string>();

/** Makes this process the owner of a data folder. Throws {@link DataDirInUseError}. */
export function claimDataDir(dataDir: string): () => void {
  const file = join(dataDir, 'runner.json');
  const owner = readOwner(file);
  if (owner && isOwnerAlive(owner, dataDir)) throw new DataDirInUseError(dataDir, owner.pid);

  replaceFile(
    file,
    `${JSON.stringify({ pid: process.pid, startedAt: startOf(process.pid) } satisfies Owner)}\n`,
  );
  held.add(dataDir);
  return () => {
    held.delete(dataDir);
    rmSync(file, { force: true });
  };
}

function isOwnerAlive({ pid, startedAt }: Owner, dataDir: string): boolean {
  if (pid === process.pid) return held.has(dataDir);
  // A process id is used again sooner or later, so the time at which the process started counts too.
  return isRunning(pid) && startOf(pid) === startedAt;
}

function readOwner(file: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Owner;
  } catch {
    return undefined;
  }
}

/** When a process started, in the kernel's own count; empty where there is no /proc. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
