type Row = Readonly<Record<string, unknown>>;

const isRow = (value: unknown): value is Row =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isListOfRows = (value: unknown): value is readonly Row[] =>
  Array.isArray(value) && value.length > 0 && value.every(isRow);

/** A result for people: its plain members line by line, its lists as tables, what is in it below it. */
export function table(result: Row, indent = ''): string {
  const lines: string[] = [];
  const below: [string, unknown][] = [];
  for (const [name, value] of Object.entries(result)) {
    if (isRow(value) || isListOfRows(value)) below.push([name, value]);
    else if (name === 'next_cursor') {
      if (value) lines.push(`${indent}More: --cursor ${value}`);
    } else if (Array.isArray(value) && value.length === 0) lines.push(`${indent}${name}: none`);
    else lines.push(`${indent}${name}: ${text(value)}`);
  }
  for (const [name, value] of below) {
    lines.push(`${indent}${name}:`);
    if (isRow(value)) lines.push(table(value, `${indent}  `));
    else if (isListOfRows(value)) lines.push(rows(value, `${indent}  `));
  }
  return lines.join('\n');
}

/** Rows under each other. Members that are lists or records themselves are left to `--json`. */
function rows(items: readonly Row[], indent: string): string {
  const names = [...new Set(items.flatMap((item) => Object.keys(item)))].filter((name) =>
    items.every((item) => !isRow(item[name]) && !Array.isArray(item[name])),
  );
  const cells = [names, ...items.map((item) => names.map((name) => text(item[name])))];
  const widths = names.map((_, column) =>
    Math.max(...cells.map((row) => row[column]?.length ?? 0)),
  );
  return cells
    .map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
    .map((line) => indent + line.trimEnd())
    .join('\n');
}

const text = (value: unknown): string =>
  value === undefined || value === null
    ? '-'
    : typeof value === 'string'
      ? value
      : JSON.stringify(value);
