import { vi } from 'vitest';

/** Everything that goes to stdout and stderr while `work` runs, as one text. */
export async function outputOf(work: () => Promise<unknown>): Promise<string> {
  const written: string[] = [];
  const take = (chunk: unknown) => {
    written.push(typeof chunk === 'string' ? chunk : Buffer.from(chunk as Uint8Array).toString());
    return true;
  };
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation(take),
    vi.spyOn(process.stderr, 'write').mockImplementation(take),
    ...(['log', 'info', 'warn', 'error', 'debug', 'trace'] as const).map((method) =>
      vi.spyOn(console, method).mockImplementation((...parts) => {
        written.push(parts.map(String).join(' '), '\n');
      }),
    ),
  ];
  try {
    await work();
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return written.join('');
}

export type LogLine = Record<string, unknown>;

/** The JSON lines of an output. */
export function logLines(output: string): LogLine[] {
  return output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
}
