import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

/** A script of the repository, or of a copy of it, in a separate process. */
export interface Run {
  readonly process: ChildProcess;
  /** All that it has written so far. */
  output(): string;
  /** Settles with its exit code. */
  readonly ended: Promise<number | null>;
}

/** Starts a script with Node.js in `folder`. */
export function runScript(
  folder: string,
  script: string,
  args: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): Run {
  const child = spawn(process.execPath, [join(folder, script), ...args], {
    cwd: folder,
    env: { ...process.env, ...environment },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  return {
    process: child,
    output: () => output,
    ended: new Promise((resolve) => child.on('close', resolve)),
  };
}

/** Waits for a condition outside this process. Throws after `withinMs`. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  withinMs = 20_000,
): Promise<void> {
  for (const deadline = Date.now() + withinMs; Date.now() < deadline; ) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`Never came true: ${what}`);
}
