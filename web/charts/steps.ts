import { type Child, svg } from '../components/dom.ts';
import { clock, shortDay, time } from '../components/format.ts';
import { type ChartWords, chart, grid, ticksUpTo } from './frame.ts';

/** A value that holds from a moment on, until the next; null where there is none. */
export interface Point {
  readonly at: string;
  readonly value: number | null;
  /** The value as people write it. */
  readonly text: string;
}

const margin = { top: 12, right: 12, bottom: 24, left: 48 };
const labelWidth = 96;
const dayMs = 86_400_000;

/** A line over time that goes by steps, because each value holds until the next. */
export function stepChart(
  words: ChartWords,
  points: readonly Point[],
  { until, valueHeading, height = 180 }: StepOptions,
): HTMLElement {
  const startMs = Date.parse(points[0]?.at ?? until);
  const endMs = Math.max(Date.parse(until), startMs + 1);
  const ticks = ticksUpTo(Math.max(...points.map(({ value }) => value ?? 0), 0));
  const most = ticks.at(-1) ?? 1;
  const isOneDay = endMs - startMs < dayMs;

  function draw(width: number): SVGElement[] {
    const area = { left: margin.left, right: width - margin.right };
    const floor = height - margin.bottom;
    const x = (ms: number) =>
      area.left + ((ms - startMs) / (endMs - startMs)) * (area.right - area.left);
    const y = (value: number) => floor - (value / most) * (floor - margin.top);
    const isCrowded = points.length > (area.right - area.left) / 12;
    return [
      ...grid(ticks, area, y),
      ...timeLabels(startMs, endMs, area).map(({ ms, anchor }) =>
        svg(
          'text',
          { class: 'tick', x: x(ms), y: height - 6, 'text-anchor': anchor },
          isOneDay ? clock(new Date(ms)) : shortDay(new Date(ms)),
        ),
      ),
      svg('path', { class: 'line', d: pathOf(points, endMs, x, y) }),
      ...points.flatMap(({ at, value, text }) =>
        value === null
          ? []
          : [
              svg(
                'circle',
                { class: 'dot', cx: x(Date.parse(at)), cy: y(value), r: isCrowded ? 2 : 4 },
                svg('title', {}, `${shortDay(new Date(at))}: ${text}`),
              ),
            ],
      ),
    ];
  }

  return chart(words, {
    height,
    draw,
    table: {
      headings: ['From', valueHeading],
      rows: points.toReversed().map(({ at, text }): Child[] => [time(at), text]),
    },
  });
}

export interface StepOptions {
  /** Until when the last value holds. */
  readonly until: string;
  readonly valueHeading: string;
  readonly height?: number;
}

function pathOf(
  points: readonly Point[],
  endMs: number,
  x: (ms: number) => number,
  y: (value: number) => number,
): string {
  let isDrawing = false;
  const parts = points.map(({ at, value }, index) => {
    const next = points[index + 1];
    const until = x(next ? Date.parse(next.at) : endMs);
    if (value === null) {
      isDrawing = false;
      return '';
    }
    const start = isDrawing ? `V${y(value)}` : `M${x(Date.parse(at))} ${y(value)}`;
    isDrawing = true;
    return `${start}H${until}`;
  });
  return parts.join('');
}

function timeLabels(startMs: number, endMs: number, area: { left: number; right: number }) {
  const room = Math.floor((area.right - area.left) / labelWidth);
  const days = Math.floor((endMs - startMs) / dayMs);
  const gaps = Math.max(1, Math.min(room, days, 6));
  return Array.from({ length: gaps + 1 }, (_, index) => ({
    ms: startMs + ((endMs - startMs) * index) / gaps,
    anchor: index === 0 ? 'start' : index === gaps ? 'end' : 'middle',
  }));
}
