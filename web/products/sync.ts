import { updateCredentials } from '../../shared/channels/contract.ts';
import {
  getProductSync,
  listProductSyncs,
  startProductSync,
} from '../../shared/products/contract.ts';
import type { App } from '../app/app.ts';
import { poll } from '../app/polling.ts';
import { ApiError, explain, SessionEndedError } from '../app/problem.ts';
import { mayCall } from '../app/roles.ts';
import { marketplaceNames } from '../channels/names.ts';
import { channelsPage } from '../channels/page.ts';
import { action, badge, problemPlace } from '../components/components.ts';
import { fill, h, link } from '../components/dom.ts';
import { duration, number, time } from '../components/format.ts';
import { part } from '../components/loading.ts';
import type { SyncRun } from './types.ts';

const runsShown = 5;

/** What the worker is doing, in words. */
const phases: Readonly<Record<string, string>> = {
  waiting: 'Waiting for the marketplace or for its turn',
  products: 'Reading products',
  comparing: 'Looking for products that are gone',
  saving: 'Saving what has changed',
  publishing: 'Nearly there',
};

/** What a person can do about a run that failed, where they can. */
const remedies: Readonly<Record<string, string>> = {
  wrong_key: 'Save a new key',
  wrong_scope: 'Save another key',
  no_credentials: 'Connect a marketplace',
};

export interface SyncPanel {
  /** The button and, while one runs, how far it is. */
  readonly control: HTMLElement;
  /** The last runs. */
  readonly history: HTMLElement;
  dispose(): void;
}

/** Syncs of the products: start one, watch it, see how the last ones went. */
export function syncPanel(app: App, onCompleted: () => void): SyncPanel {
  const { api } = app;
  const left = new AbortController();
  const problem = problemPlace();
  const progress = h('div', { class: 'progress' });
  const start = action('Sync now', begin, { problem, class: 'primary' });
  const last = h('span', { class: 'muted' });
  let watched: string | undefined;

  const runs = part(
    (signal) => api.call(listProductSyncs, { query: { limit: runsShown }, signal }),
    ({ items }) => {
      const [latest] = items;
      const ended = items.find(({ completed_at }) => completed_at !== null);
      fill(last, ended?.completed_at && ['Last sync ', time(ended.completed_at)]);
      if (latest && isUnderWay(latest)) void watch(latest.task_id);
      if (items.length === 0) return h('p', { class: 'muted' }, 'There was no sync yet.');
      return h(
        'ul',
        { class: 'plain runs' },
        items.map((run) => runItem(run, mayCall(app, updateCredentials))),
      );
    },
  );

  async function begin(): Promise<void> {
    try {
      const { task_id } = await api.call(startProductSync);
      void watch(task_id);
      await runs.load();
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'no_credentials') throw error;
      fill(
        problem,
        'No marketplace is connected yet. ',
        link(channelsPage.path, 'Connect one first'),
        '.',
      );
    }
  }

  async function watch(taskId: string): Promise<void> {
    if (watched === taskId) return;
    watched = taskId;
    start.hidden = true;
    let seen = '';
    try {
      await poll(
        async () => {
          const run = await api.call(getProductSync, {
            path: { task_id: taskId },
            signal: left.signal,
          });
          if (!isUnderWay(run)) {
            end(run);
            return 'done';
          }
          fill(progress, progressBar(run));
          const now = `${run.phase} ${run.processed}`;
          const outcome = now === seen ? 'still' : 'moved';
          seen = now;
          return outcome;
        },
        { signal: left.signal },
      );
    } catch (error) {
      if (left.signal.aborted || error instanceof SessionEndedError) return;
      fill(progress);
      fill(problem, `How far the sync is cannot be read: ${explain(error)}`);
    } finally {
      watched = undefined;
      start.hidden = false;
    }
  }

  function end(run: SyncRun): void {
    fill(progress);
    app.announce(run.status === 'completed' ? outcomeOf(run) : 'The sync has failed.');
    void runs.load();
    if (hasBrought(run)) onCompleted();
  }

  void runs.load();
  return {
    control: h(
      'div',
      { class: 'sync' },
      h('div', { class: 'actions middle' }, mayCall(app, startProductSync) && start, last),
      progress,
      problem,
    ),
    history: runs.element,
    dispose() {
      left.abort();
      runs.dispose();
    },
  };
}

const isUnderWay = ({ status }: SyncRun) => status === 'pending' || status === 'in_progress';

function progressBar({ phase, processed, total, status }: SyncRun): HTMLElement {
  const words = status === 'pending' ? phases.waiting : phases[phase ?? 'waiting'];
  const amount = total === null ? number(processed) : `${number(processed)} of ${number(total)}`;
  return h(
    'div',
    {},
    h('p', { class: 'muted' }, `${words ?? phase}: ${amount} products`),
    h('progress', {
      'aria-label': 'Sync of products',
      ...(total !== null && total > 0 && { max: total, value: Math.min(processed, total) }),
    }),
  );
}

function runItem(run: SyncRun, canRepair: boolean): HTMLElement {
  const names = run.marketplaces.map((name) => marketplaceNames[name]).join(' and ');
  const took = run.duration_ms === null ? '' : `, took ${duration(run.duration_ms / 1000)}`;
  const by = run.trigger === 'manual' ? 'by hand' : 'by schedule';
  return h(
    'li',
    {},
    h('p', {}, time(run.started_at), ' ', statusOf(run)),
    h('p', { class: 'muted' }, `${names}, ${by}${took}`),
    run.errors.map(({ marketplace, code, detail }) => {
      const remedy = canRepair && remedies[code];
      const name = marketplace !== null && `${marketplaceNames[marketplace]}: `;
      return h(
        'p',
        { class: 'wrong-text' },
        name,
        detail,
        ' ',
        remedy && link(channelsPage.path, remedy),
      );
    }),
    hasBrought(run) && h('p', { class: 'muted' }, outcomeOf(run)),
  );
}

/** Whether products were taken over: of all marketplaces, or of those that did not fail. */
const hasBrought = ({ status, errors, marketplaces }: SyncRun) =>
  status === 'completed' ||
  (status === 'failed' &&
    errors.length < marketplaces.length &&
    errors.every(({ marketplace }) => marketplace !== null));

function statusOf({ status }: SyncRun): HTMLElement {
  if (status === 'completed') return badge('Completed', 'good');
  if (status === 'failed') return badge('Failed', 'bad');
  return badge(status === 'pending' ? 'Waiting' : 'Running');
}

function outcomeOf({ processed, created, changed, missing }: SyncRun): string {
  const parts = [
    created > 0 && `${number(created)} new`,
    changed > 0 && `${number(changed)} changed`,
    missing > 0 && `${number(missing)} gone`,
  ].filter(Boolean);
  return `${number(processed)} products: ${parts.join(', ') || 'nothing has changed'}.`;
}
