import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

/** A JSON document in a file: read once, replaced as a whole, on disk before `save` returns. */
export interface Store<T> {
  readonly value: T;
  /** Writes the value durably: a crash leaves the document before or after it, never half of it. */
  save(): void;
}

/** Opens the document in `file`, or starts with `initial`. Throws if the file holds no JSON. */
export function openStore<T extends object>(file: string, initial: T): Store<T> {
  mkdirSync(dirname(file), { recursive: true });
  const value = (read(file) as T | undefined) ?? initial;
  return {
    value,
    save: () => replaceFile(file, `${JSON.stringify(value, null, 2)}\n`),
  };
}

function read(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`${file} is not JSON: restore it, or delete it to start over`, { cause });
  }
}

/** Replaces a file in one step. It has the new content on disk when this returns. */
export function replaceFile(file: string, content: string): void {
  const fresh = `${file}.new`;
  // Secrets and tokens of the local cloud are nobody else's on this machine.
  const descriptor = openSync(fresh, 'w', 0o600);
  try {
    writeSync(descriptor, content);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(fresh, file);
}
