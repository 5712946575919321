export const hourMs = 60 * 60 * 1000;

/** AWS Marketplace takes no usage that is this old, or older. */
const windowMs = 24 * hourMs;
/** On the first of a month it takes usage of the month before until this time of the day, UTC. */
const monthGraceMs = 6 * hourMs;

/** An hour in UTC, `2026-11-21T10`. Hours sort by time. */
export type Hour = string;

/** The hour of a moment. */
export const hourOf = (ms: number): Hour => new Date(ms).toISOString().slice(0, 13);

/** When an hour begins. */
export const startOf = (hour: Hour): number => Date.parse(`${hour}:00:00.000Z`);

/** The hour so many after another; before it where `count` is negative. */
export const hoursAfter = (hour: Hour, count: number): Hour =>
  hourOf(startOf(hour) + count * hourMs);

/** `2026-11` of a moment or an hour. */
export const monthOf = (time: number | Hour): string =>
  (typeof time === 'number' ? new Date(time).toISOString() : time).slice(0, 7);

/** When a month begins and ends. */
export function boundsOf(month: string): { startMs: number; endMs: number } {
  const startMs = Date.parse(`${month}-01T00:00:00.000Z`);
  const start = new Date(startMs);
  return { startMs, endMs: Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1, 1) };
}

/** From when on AWS Marketplace takes no usage of an hour that is reported by its beginning. */
export const deadlineOf = (hour: Hour): number =>
  Math.min(startOf(hour) + windowMs, boundsOf(monthOf(hour)).endMs + monthGraceMs);
