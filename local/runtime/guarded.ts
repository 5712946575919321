import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';

/** A process that does not outlive its starter, however that ends: `kill -9` included. */
export interface Guarded {
  readonly pid: number;
  /** What it writes, standard error included. */
  readonly output: Readable;
  /** Settles when it has ended. */
  readonly ended: Promise<void>;
  /** Asks it to end, and ends it by force after `graceMs`. Settles when it has ended. */
  stop(graceMs?: number): Promise<void>;
}

/**
 * The shell between starter and process: it ends the process as soon as its own standard input
 * closes, which the kernel does however the starter ends, and itself as soon as the process does.
 */
const guard =
  '"$0" "$@" </dev/null 2>&1 & child=$!; echo "pid $child"; exec >/dev/null 2>&1; cat; kill -KILL "$child"';

/**
 * Starts a process that ends with this one. On Windows it does by itself: Node puts children into its
 * own job there. Rejects when the command does not exist.
 */
export async function spawnGuarded(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string } = {},
): Promise<Guarded> {
  const hasShell = process.platform !== 'win32';
  const child = hasShell
    ? spawn('/bin/sh', ['-c', guard, command, ...args], {
        ...options,
        // A separate group: Ctrl-C reaches the starter alone, which then stops the process in order.
        detached: true,
        stdio: ['pipe', 'pipe', 'inherit'],
      })
    : spawn(command, args, { ...options, windowsHide: true, stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.on('error', () => {});
  const ended = new Promise<void>((resolve) => {
    child.stdout.on('close', resolve);
    child.on('error', () => resolve());
  });
  // Then the shell has nothing left to guard.
  ended.then(() => child.stdin.end());

  const pid = hasShell
    ? Number(/^pid (\d+)\n/.exec(await firstLine(child.stdout))?.[1])
    : await new Promise<number>((resolve, reject) => {
        child.once('error', reject).once('spawn', () => resolve(child.pid ?? 0));
      });
  return {
    pid,
    output: child.stdout,
    ended,
    stop: async (graceMs = 0) => {
      const kill = () => (hasShell ? child.stdin.end() : child.kill());
      if (graceMs > 0 && hasShell) signal(pid, 'SIGTERM');
      const timer = setTimeout(kill, graceMs);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** The first line of a stream, which continues after it. */
function firstLine(stream: Readable): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = Buffer.alloc(0);
    const take = () => {
      for (let chunk = stream.read(); chunk !== null; chunk = stream.read()) {
        text = Buffer.concat([text, chunk]);
        const end = text.indexOf('\n') + 1;
        if (end === 0) continue;
        stream.off('readable', take);
        if (end < text.length) stream.unshift(text.subarray(end));
        resolve(text.subarray(0, end).toString());
        return;
      }
    };
    stream.on('readable', take);
    stream.once('error', reject).once('end', () => reject(new Error('The shell did not start')));
  });
}

/** Sends a signal to a process that may be gone already. */
export function signal(pid: number, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
