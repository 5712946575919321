import type { Result } from './result.ts';

const heads = ['name', 'value', 'unit', 'target', 'holds', 'note'];

/** The results as text, one row each. */
export function formatTable(results: readonly Result[]): string {
  const rows = results.map(({ name, value, unit, target, holds, note }) => [
    name,
    String(value),
    unit,
    `≤ ${target}`,
    holds ? 'yes' : 'NO',
    note,
  ]);
  const widths = heads.map((head, column) =>
    Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(heads), widths.map((width) => '─'.repeat(width)).join('  '), ...rows.map(line)].join(
    '\n',
  );
}
