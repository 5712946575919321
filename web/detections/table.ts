import { fill, h } from '../components/dom.ts';
import { percent, time } from '../components/format.ts';
import type { Detection, DetectionPage } from './read.ts';

/*
 * On narrow screens the rows become cards by CSS `display`, which takes a table's meaning away from
 * assistive technology: the explicit roles keep it.
 */
const columns = ['Time', 'Label', 'Probability', 'Source IP', 'Network interface'];

export interface DetectionTable {
  readonly element: HTMLElement;
  /** How many detections it shows. */
  readonly length: number;
  append(page: DetectionPage): void;
  /** Says below the table why there is no more of it. */
  showProblem(text: string): void;
}

/** A table that grows at its end for as long as there is a cursor to follow. */
export function detectionTable(onMore: (cursor: string) => void): DetectionTable {
  const rows = h('tbody', { role: 'rowgroup' });
  const message = h('span', { role: 'status', tabindex: -1 });
  const more = h('button', { type: 'button', onclick: () => cursor !== null && onMore(cursor) });
  let cursor: string | null = null;

  return {
    element: h(
      'div',
      { class: 'panel flush' },
      h(
        'table',
        { role: 'table', class: 'cards' },
        h('caption', { class: 'hidden' }, 'Detections, newest first'),
        h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, columns.map(columnHeader))),
        rows,
      ),
      h('div', { class: 'table-foot' }, message, more),
    ),
    get length() {
      return rows.rows.length;
    },
    append(page) {
      cursor = page.next_cursor;
      rows.append(...page.items.map(row));
      const hadFocus = document.activeElement === more;
      more.hidden = cursor === null;
      fill(more, page.items.length === 0 ? 'Keep looking' : 'Load more');
      fill(message, messageAfter(page, rows.rows.length));
      if (hadFocus && more.hidden) message.focus();
    },
    showProblem: (text) => fill(message, text),
  };
}

function messageAfter(page: DetectionPage, shown: number): string {
  if (page.next_cursor !== null) {
    return page.items.length === 0 ? 'Nothing that matches among the newest ones.' : '';
  }
  return shown === 0 ? 'No detection matches these filters.' : 'No older detections.';
}

function columnHeader(name: string): HTMLElement {
  return h('th', { role: 'columnheader', scope: 'col' }, name);
}

function row(detection: Detection): HTMLElement {
  const cell = (name: string, ...content: (Node | string)[]) =>
    h('td', { role: 'cell', class: `cell-${name}` }, ...content);
  return h(
    'tr',
    { role: 'row', 'data-id': detection.id },
    cell('time', time(detection.ts)),
    cell('label', detection.label),
    cell('probability', bar(detection.probability), percent(detection.probability)),
    cell('source', h('code', {}, detection.source_ip)),
    detection.eni_id === undefined
      ? cell('eni none', '–')
      : cell('eni', h('code', {}, detection.eni_id)),
  );
}

function bar(probability: number): HTMLElement {
  const filled = h('span', {});
  // Through the object model: the Content-Security-Policy refuses style attributes.
  filled.style.setProperty('inline-size', `${probability * 100}%`);
  return h('span', { class: 'bar', 'aria-hidden': 'true' }, filled);
}
