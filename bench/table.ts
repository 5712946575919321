import type { Result } from './result.ts';

/** The results as text, one row each. */
export function formatTable(results: readonly Result[]): string {
  return formatRows(
    ['name', 'value', 'unit', 'target', 'holds', 'note'],
    results.map(({ name, value, unit, target, holds, note }) => [
      name,
      String(value),
      unit,
      `≤ ${target}`,
      holds ? 'yes' : 'NO',
      note,
    ]),
  );
}

/** Rows of cells below their heads, each column as wide as its widest cell. */
export function formatRows(heads: readonly string[], rows: readonly (readonly string[])[]): string {
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
