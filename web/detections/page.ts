import type { AccountPage, App, Content } from '../app/app.ts';
import { ApiError, explain, SessionEndedError } from '../app/problem.ts';
import { failure } from '../components/components.ts';
import { fill, h } from '../components/dom.ts';
import { clock, count } from '../components/format.ts';
import { type EmptyState, emptyState } from './empty.ts';
import { exportButton } from './export.ts';
import { filterBar } from './filters.ts';
import { interfacesPanel } from './interfaces.ts';
import { type DetectionPage, type DetectionQuery, readDetections } from './read.ts';
import { statisticsPanel } from './statistics.ts';
import { detectionTable } from './table.ts';

const pageSize = 50;

/** The tenant's own detections, newest first. */
export const detectionsPage: AccountPage = {
  path: '/',
  title: 'Detections',
  open: openDetections,
};

function openDetections(app: App): Content {
  const reload = () => {
    void load();
    void statistics.load();
  };
  const status = h('p', { class: 'muted status', role: 'status' });
  const refresh = h('button', { type: 'button', class: 'small', onclick: reload }, 'Refresh');
  const filters = filterBar(() => void load());
  const exporter = exportButton(app, filters.query);
  const toolbar = h(
    'div',
    { class: 'toolbar' },
    filters.element,
    h('div', { class: 'toolbar-end' }, status, refresh, exporter.element),
  );
  const statistics = statisticsPanel(app, (chosen) => {
    filters.add(chosen);
    title.focus();
  });
  const title = h('h2', { tabindex: -1 }, 'All detections');
  const interfaces = interfacesPanel(app);
  const results = h('div', { class: 'results' }, h('div', { class: 'skeleton tall' }));
  let running = new AbortController();
  let empty: EmptyState | undefined;

  /** One request at a time: a newer one, or leaving the page, makes the older pointless. */
  async function request(
    query: DetectionQuery,
    use: (page: DetectionPage) => void,
    fail: (error: unknown) => void,
  ): Promise<void> {
    running.abort();
    const mine = new AbortController();
    running = mine;
    results.setAttribute('aria-busy', 'true');
    try {
      const page = await readDetections(app.api, { ...query, limit: pageSize }, mine.signal);
      if (!mine.signal.aborted) use(page);
    } catch (error) {
      if (!mine.signal.aborted && !(error instanceof SessionEndedError)) fail(error);
    } finally {
      if (running === mine) results.removeAttribute('aria-busy');
    }
  }

  function load(): Promise<void> {
    const query = filters.query();
    return request(
      query,
      (page) => show(page, query),
      (error) => {
        if (error instanceof ApiError && filters.showErrors(error)) return;
        fill(status);
        fill(results, failure(error, reload));
      },
    );
  }

  function show(first: DetectionPage, query: DetectionQuery): void {
    const isFiltered = Object.keys(query).length > 0;
    const isEmpty = first.items.length === 0 && first.next_cursor === null;
    const hasNone = isEmpty && !isFiltered;
    for (const element of [statistics.element, title, toolbar]) element.hidden = hasNone;
    if (hasNone) showEmptyState();
    else showTable(first, query);
  }

  function showEmptyState(): void {
    // Made once: it may be showing an API key that is not shown again.
    empty ??= emptyState(app, reload);
    if (empty.element.isConnected) empty.sayStillEmpty();
    else fill(results, empty.element);
  }

  function showTable(first: DetectionPage, query: DetectionQuery): void {
    const table = detectionTable((cursor) => {
      void request({ ...query, cursor }, add, (error) => {
        const isStale = error instanceof ApiError && error.code === 'invalid_cursor';
        if (isStale) reload();
        else table.showProblem(explain(error));
      });
    });
    const add = (page: DetectionPage) => {
      table.append(page);
      const extent = page.next_cursor === null ? 'all of them' : 'newest first';
      fill(status, `${count(table.length, 'detection')}, ${extent} · ${clock(new Date())}`);
    };
    add(first);
    fill(results, table.element);
  }

  reload();
  return {
    content: h(
      'div',
      {},
      statistics.element,
      title,
      toolbar,
      filters.problem,
      exporter.problem,
      results,
      interfaces.element,
    ),
    dispose() {
      running.abort();
      statistics.dispose();
      exporter.dispose();
      interfaces.dispose();
    },
  };
}
