const levels = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];

/** The level that Lambda itself lets pass, of a function that logs as JSON; undefined for one that does not. */
export function applicationLogLevel(config: unknown): string | undefined {
  const { LogFormat, ApplicationLogLevel = 'INFO' } = (config ?? {}) as Record<string, unknown>;
  return LogFormat === 'JSON' ? String(ApplicationLogLevel) : undefined;
}

/** Whether Lambda keeps a line. One that names no level, as a metric does not, counts as INFO. */
export function isKept(line: string, least: string | undefined): boolean {
  if (least === undefined) return true;
  const level = /^\{.*?"level":"(\w+)"/.exec(line)?.[1] ?? 'INFO';
  return levels.indexOf(level === 'CRITICAL' ? 'FATAL' : level) >= levels.indexOf(least);
}
