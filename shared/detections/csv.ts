export const lineBreak = '\r\n';

/** A line by RFC 4180. */
export const toLine = (cells: readonly unknown[]): string =>
  `${cells.map(toCell).join(',')}${lineBreak}`;

/** A cell by RFC 4180 that no spreadsheet takes for a formula. */
export function toCell(value: unknown): string {
  const text = value === undefined ? '' : String(value);
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]|^\s|\s$/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
