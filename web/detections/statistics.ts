import { detectionStatistics } from '../../shared/detections/contract/statistics.ts';
import type { App } from '../app/app.ts';
import { columnChart } from '../charts/columns.ts';
import { type Child, h, uniqueId } from '../components/dom.ts';
import { count, number, shortDate } from '../components/format.ts';
import { part } from '../components/loading.ts';
import type { DetectionFilters, Statistics } from './read.ts';

const dayMs = 86_400_000;
const ranges = [
  ['7', 'Last 7 days'],
  ['30', 'Last 30 days'],
  ['90', 'Last 90 days'],
] as const;
const usualRange = '30';
/** Labels and sources that are shown; the API has more. */
const shownCounts = 6;

export interface StatisticsPanel {
  readonly element: HTMLElement;
  load(): Promise<void>;
  dispose(): void;
}

/** Detections per day, and what and whom they are about. A count that is chosen becomes a filter. */
export function statisticsPanel(
  app: App,
  onChoose: (filters: DetectionFilters) => void,
): StatisticsPanel {
  const rangeId = uniqueId('range');
  const range = h(
    'select',
    { id: rangeId, onchange: () => void counts.load() },
    ranges.map(([value, text]) => h('option', { value, selected: value === usualRange }, text)),
  );
  const counts = part(
    (signal) => {
      const from = new Date(Date.now() - (Number(range.value) - 1) * dayMs);
      const query = { from: from.toISOString().slice(0, 10) };
      return app.api.call(detectionStatistics, { query, signal });
    },
    (statistics) => show(statistics, onChoose),
  );
  const element = h(
    'section',
    { class: 'panel' },
    h(
      'div',
      { class: 'titled' },
      h('h2', {}, 'Detections per day'),
      h('label', { class: 'hidden', for: rangeId }, 'Range'),
      range,
    ),
    counts.element,
  );
  return { element, load: counts.load, dispose: counts.dispose };
}

function show(statistics: Statistics, onChoose: (filters: DetectionFilters) => void): Child {
  const { days, from, to, total, labels, sources, complete } = statistics;
  const busiest = days.reduce((most, day) => (day.count > most.count ? day : most), {
    day: from,
    count: 0,
  });
  const range = `${shortDate(from)} to ${shortDate(to)}`;
  const description =
    total === 0
      ? `None from ${range}.`
      : `${count(total, 'detection')} from ${range}, the most on ${shortDate(busiest.day)}: ${number(busiest.count)}.`;
  return [
    h('p', { class: 'muted' }, `${description} Days are UTC.`),
    !complete &&
      h('p', { class: 'muted' }, 'There are more labels or sources than are counted here.'),
    columnChart(
      { title: 'Detections per day', description },
      days.map(({ day, count: value }) => ({ label: shortDate(day), value })),
      { labelHeading: 'Day', valueHeading: 'Detections' },
    ),
    h(
      'div',
      { class: 'halves counts' },
      countList(
        'By label',
        labels.map(({ label, count: amount }) => ({ name: label, amount })),
        (label) => onChoose({ label }),
      ),
      countList(
        'Top sources',
        sources.map(({ source_ip, count: amount }) => ({ name: source_ip, amount })),
        (source_ip) => onChoose({ source_ip }),
      ),
    ),
  ];
}

function countList(
  title: string,
  counts: readonly { name: string; amount: number }[],
  choose: (name: string) => void,
): HTMLElement {
  const rest = counts.length - shownCounts;
  const most = Math.max(...counts.map(({ amount }) => amount), 1);
  return h(
    'div',
    {},
    h('h3', {}, title),
    counts.length === 0
      ? h('p', { class: 'muted' }, 'None.')
      : h(
          'ol',
          { class: 'count-list' },
          counts.slice(0, shownCounts).map(({ name, amount }) =>
            h(
              'li',
              {},
              h(
                'button',
                {
                  type: 'button',
                  class: 'quiet',
                  'aria-label': `Show only ${name}, ${number(amount)}`,
                  onclick: () => choose(name),
                },
                h('span', { class: 'count-name' }, name),
                share(amount, most),
                h('span', { class: 'count-amount' }, number(amount)),
              ),
            ),
          ),
        ),
    rest > 0 && h('p', { class: 'muted' }, `and ${number(rest)} more`),
  );
}

function share(amount: number, most: number): HTMLElement {
  const filled = h('span', {});
  // Through the object model: the Content-Security-Policy refuses style attributes.
  filled.style.setProperty('inline-size', `${(amount / most) * 100}%`);
  return h('span', { class: 'bar', 'aria-hidden': 'true' }, filled);
}
