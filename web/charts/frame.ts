import { type Child, h, svg, uniqueId } from '../components/dom.ts';

export interface ChartWords {
  /** What the chart shows, as a caption says it. */
  readonly title: string;
  /** The text for readers who do not see it. */
  readonly description: string;
}

/** The same figures as text. */
export interface ChartTable {
  readonly headings: readonly string[];
  readonly rows: readonly (readonly Child[])[];
}

/** A drawing of a given size in pixels. */
export type Draw = (width: number, height: number) => readonly SVGElement[];

/**
 * A drawing that takes the width it is given and is redrawn when that changes, so that its words
 * keep their size. Below it, the same figures as a table.
 */
export function chart(
  { title, description }: ChartWords,
  { height, draw, table }: { height: number; draw: Draw; table: ChartTable },
): HTMLElement {
  const titleId = uniqueId('chart');
  const descriptionId = uniqueId('chart');
  const words = [
    svg('title', { id: titleId }, title),
    svg('desc', { id: descriptionId }, description),
  ];
  const drawing = svg('svg', {
    role: 'img',
    'aria-labelledby': titleId,
    'aria-describedby': descriptionId,
    height,
  });
  const place = h('div', { class: 'drawing' }, drawing);
  new ResizeObserver(([entry]) => {
    const width = Math.floor(entry?.contentRect.width ?? 0);
    if (width === 0) return;
    drawing.setAttribute('width', String(width));
    drawing.setAttribute('viewBox', `0 0 ${width} ${height}`);
    drawing.replaceChildren(...words, ...draw(width, height));
  }).observe(place);
  return h('figure', { class: 'chart' }, place, tableOf(title, table));
}

function tableOf(title: string, { headings, rows }: ChartTable): HTMLElement {
  const rest = (cells: readonly Child[]) => cells.map((cell) => h('td', { class: 'number' }, cell));
  return h(
    'details',
    {},
    h('summary', {}, 'As a table'),
    h(
      'div',
      { class: 'scroll', tabindex: 0, role: 'group', 'aria-label': `${title}, as a table` },
      h(
        'table',
        {},
        h('caption', { class: 'hidden' }, title),
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            headings.map((heading, index) =>
              h('th', { scope: 'col', class: index > 0 && 'number' }, heading),
            ),
          ),
        ),
        h(
          'tbody',
          {},
          rows.map(([first, ...others]) =>
            h('tr', {}, h('th', { scope: 'row' }, first), rest(others)),
          ),
        ),
      ),
    ),
  );
}

/** The round numbers of an axis from 0, the last at or above `most`; at most five. */
export function ticksUpTo(most: number): number[] {
  const rough = Math.max(most, 1) / 4;
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 2.5, 5, 10].find((candidate) => candidate * magnitude >= rough) ?? 10;
  const step = Math.max(1, factor * magnitude);
  return Array.from(
    { length: Math.ceil(Math.max(most, 1) / step) + 1 },
    (_, index) => index * step,
  );
}

const compact = new Intl.NumberFormat('en-GB', { notation: 'compact', maximumFractionDigits: 1 });

/** Lines across the drawing with their values at the left. */
export function grid(
  ticks: readonly number[],
  area: { left: number; right: number },
  y: (value: number) => number,
): SVGElement[] {
  return ticks.flatMap((tick) => [
    svg('line', { class: 'grid', x1: area.left, x2: area.right, y1: y(tick), y2: y(tick) }),
    svg(
      'text',
      { class: 'tick', x: area.left - 8, y: y(tick) + 4, 'text-anchor': 'end' },
      compact.format(tick),
    ),
  ]);
}
