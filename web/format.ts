import { h } from './dom.ts';

const dateAndTime = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });
const dateOnly = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium' });
const timeOnly = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });
const percents = new Intl.NumberFormat('en-GB', { style: 'percent', maximumFractionDigits: 1 });

/** A moment in the reader's own time zone; its title says it in UTC. */
export function time(timestamp: string, precision: 'second' | 'day' = 'second'): HTMLTimeElement {
  const date = new Date(timestamp);
  const text = (precision === 'day' ? dateOnly : dateAndTime).format(date);
  return h('time', { datetime: timestamp, title: utc(date) }, text);
}

/** `2026-11-20 12:00:00.000 UTC` */
export function utc(date: Date): string {
  return date.toISOString().replace('T', ' ').replace('Z', ' UTC');
}

/** The time of day in the reader's own time zone. */
export function clock(date: Date): string {
  return timeOnly.format(date);
}

/** `97.5%` for 0.975 */
export function percent(fraction: number): string {
  return percents.format(fraction);
}

/** `1 detection`, `2 detections` */
export function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}

/** How long a person would say a wait is: `12 seconds`, `3 minutes`. */
export function duration(seconds: number): string {
  if (seconds < 100) return count(Math.max(1, Math.ceil(seconds)), 'second');
  if (seconds < 100 * 60) return count(Math.ceil(seconds / 60), 'minute');
  return count(Math.ceil(seconds / 3600), 'hour');
}
