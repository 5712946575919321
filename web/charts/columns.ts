import { svg } from '../components/dom.ts';
import { number } from '../components/format.ts';
import { type ChartWords, chart, grid, ticksUpTo } from './frame.ts';

export interface Column {
  readonly label: string;
  readonly value: number;
  /** Something to worry about. */
  readonly tone?: 'bad' | 'warn';
}

const margin = { top: 18, right: 2, bottom: 24, left: 34 };
const labelWidth = 68;

/**
 * Upright bars, one for each label. With few of them each has its value on top; of many labels only
 * as many are written as there is room for.
 */
export function columnChart(
  words: ChartWords,
  columns: readonly Column[],
  { labelHeading, valueHeading, height = 200 }: ColumnOptions,
): HTMLElement {
  const ticks = ticksUpTo(Math.max(...columns.map(({ value }) => value), 0));
  const most = ticks.at(-1) ?? 1;

  function draw(width: number): SVGElement[] {
    const area = { left: margin.left, right: width - margin.right };
    const floor = height - margin.bottom;
    const y = (value: number) => floor - (value / most) * (floor - margin.top);
    const slot = (area.right - area.left) / columns.length;
    const bar = Math.max(2, Math.min(slot * 0.72, 64));
    const every = Math.ceil(labelWidth / slot);
    const isRoomy = columns.length <= 12;
    const last = columns.length - 1;
    const text = (x: number, anchor: 'end' | 'middle', label: string) =>
      svg('text', { class: 'tick', x, y: height - 6, 'text-anchor': anchor }, label);
    return [
      ...grid(ticks, area, y),
      ...columns.map(({ label, value, tone }, index) => {
        const middle = area.left + slot * (index + 0.5);
        const barHeight = value === 0 ? 0 : Math.max(2, floor - y(value));
        const isLabelled = isRoomy || (last - index) % every === 0;
        const isAtEdge = !isRoomy && middle + labelWidth / 2 > area.right;
        return svg(
          'g',
          { class: 'column' },
          svg('title', {}, `${label}: ${number(value)}`),
          svg('rect', {
            class: 'hit',
            x: middle - slot / 2,
            y: margin.top,
            width: slot,
            height: floor - margin.top,
          }),
          svg('rect', {
            class: `mark ${tone ?? ''}`,
            x: middle - bar / 2,
            y: floor - barHeight,
            width: bar,
            height: barHeight,
            rx: Math.min(3, bar / 4),
          }),
          isRoomy &&
            svg(
              'text',
              { class: 'value', x: middle, y: floor - barHeight - 5, 'text-anchor': 'middle' },
              number(value),
            ),
          isLabelled && (isAtEdge ? text(area.right, 'end', label) : text(middle, 'middle', label)),
        );
      }),
    ];
  }

  return chart(words, {
    height,
    draw,
    table: {
      headings: [labelHeading, valueHeading],
      rows: columns.map(({ label, value }) => [label, number(value)]),
    },
  });
}

export interface ColumnOptions {
  readonly labelHeading: string;
  readonly valueHeading: string;
  readonly height?: number;
}
