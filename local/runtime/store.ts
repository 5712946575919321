import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { isRecord } from './json.ts';
import { PlainError } from './plain-error.ts';

/** A JSON document in a file: read once, replaced as a whole, on disk before `save` returns. */
export interface Store<T> {
  readonly value: T;
  /** Writes the value durably: a crash leaves the document before or after it, never half of it. */
  save(): void;
}

/**
 * Opens the document in `file`, or starts with `initial`. Throws PlainError for a file that holds no
 * JSON, or has members of another kind than `initial`; members that it lacks are those of `initial`.
 */
export function openStore<T extends object>(file: string, initial: T): Store<T> {
  mkdirSync(dirname(file), { recursive: true });
  const kept = read(file);
  if (kept !== undefined && !hasKindsOf(initial, kept)) throw damaged(file);
  const value = { ...initial, ...(kept as T | undefined) };
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
    throw damaged(file, cause);
  }
}

function damaged(file: string, cause?: unknown): PlainError {
  return new PlainError(
    `${file} is damaged: restore it, or delete the folder ${dirname(file)} to start over`,
    { cause },
  );
}

function hasKindsOf(initial: object, value: unknown): boolean {
  const kind = (member: unknown) => (Array.isArray(member) ? 'array' : typeof member);
  return (
    isRecord(value) &&
    Object.entries(initial).every(
      ([name, member]) => !(name in value) || kind(value[name]) === kind(member),
    )
  );
}

/** Replaces a file in one step. It has the new content on disk when this returns. */
export function replaceFile(file: string, content: string | Uint8Array): void {
  const fresh = `${file}.new`;
  // Secrets and tokens of the local cloud are readable by this user alone.
  const descriptor = openSync(fresh, 'w', 0o600);
  try {
    writeFileSync(descriptor, content);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(fresh, file);
}
