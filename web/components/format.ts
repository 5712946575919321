import { h } from './dom.ts';

const dateAndTime = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });
const dateOnly = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium' });
const timeOnly = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });
const shortDays = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const shortDates = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  timeZone: 'UTC',
});
const numbers = new Intl.NumberFormat('en-GB');
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

/** `1 row`, `2,000 rows` */
export function count(amount: number, noun: string): string {
  return `${number(amount)} ${noun}${amount === 1 ? '' : 's'}`;
}

/** How long a person would say a wait is: `12 seconds`, `3 minutes`. */
export function duration(seconds: number): string {
  if (seconds < 100) return count(Math.max(1, Math.ceil(seconds)), 'second');
  if (seconds < 100 * 60) return count(Math.ceil(seconds / 60), 'minute');
  return count(Math.ceil(seconds / 3600), 'hour');
}

/** `12,345` */
export function number(amount: number): string {
  return numbers.format(amount);
}

/** `RUB 1,299.00`, exactly as the decimal says; the currency is a code of ISO 4217. */
export function money({ amount, currency }: { amount: string; currency: string }): string {
  if (!/^[A-Z]{3}$/.test(currency)) return `${amount} ${currency}`.trim();
  return new Intl.NumberFormat('en-GB', {
    style: 'currency',
    currency,
    currencyDisplay: 'code',
    maximumFractionDigits: 20,
  }).format(amount as Intl.StringNumericLiteral);
}

/** `20 Nov`, in the reader's own time zone. */
export function shortDay(date: Date): string {
  return shortDays.format(date);
}

/** `20 Nov` for `2026-11-20`, which is a day of no time zone. */
export function shortDate(day: string): string {
  return shortDates.format(new Date(day));
}
