import { listDeliveries, replayDelivery, testWebhook } from '../../shared/webhooks/contract.ts';
import type { App } from '../app/app.ts';
import { poll } from '../app/polling.ts';
import { ApiError, SessionEndedError } from '../app/problem.ts';
import { action, failure, problemPlace } from '../components/components.ts';
import { fill, h } from '../components/dom.ts';
import { count, time } from '../components/format.ts';
import { deliveryStatus } from './status.ts';
import type { Delivery, DeliveryPage } from './types.ts';

const pageSize = 20;
/** How long the page waits for a delivery that was just asked for. */
const followMs = 60_000;

export interface Deliveries {
  readonly element: HTMLElement;
  dispose(): void;
}

/** What a webhook was sent, newest first, with tests and replays. */
export function deliveryList(app: App, webhookId: string): Deliveries {
  const webhook = { path: { id: webhookId } };
  const left = new AbortController();
  const problem = problemPlace();
  const list = h('div', { 'aria-live': 'off' }, h('div', { class: 'skeleton' }));
  const more = action('Load more', loadMore, { problem, class: 'small' });
  const test = action(
    'Send a test',
    () => follow(app.api.call(testWebhook, webhook), 'The test is sent.'),
    {
      problem,
      class: 'small primary',
    },
  );
  const refresh = action('Refresh', load, { problem, class: 'small' });
  let shown: Delivery[] = [];
  let cursor: string | null = null;
  /** Deliveries whose details are open, so that redrawing leaves them so. */
  const opened = new Set<string>();

  more.hidden = true;

  function show(page: DeliveryPage, isMore: boolean): void {
    shown = isMore ? [...shown, ...page.items] : page.items;
    cursor = page.next_cursor;
    more.hidden = cursor === null;
    const focused = document.activeElement?.closest<HTMLElement>('.delivery')?.dataset.id;
    fill(
      list,
      shown.length === 0
        ? h(
            'p',
            { class: 'muted' },
            'Nothing was sent yet. Send a test to see what your server answers.',
          )
        : shown.map(row),
    );
    if (focused !== undefined) {
      list.querySelector<HTMLElement>(`[data-id="${CSS.escape(focused)}"]`)?.focus();
    }
  }

  const read = (query: { limit: number; cursor?: string }) =>
    app.api.call(listDeliveries, { ...webhook, query, signal: left.signal });

  async function load(): Promise<void> {
    show(await read({ limit: pageSize }), false);
  }

  async function loadMore(): Promise<void> {
    if (cursor === null) return;
    try {
      show(await read({ limit: pageSize, cursor }), true);
    } catch (error) {
      const isStale = error instanceof ApiError && error.code === 'invalid_cursor';
      if (!isStale) throw error;
      await load();
    }
  }

  /** Watches a delivery that was just asked for until there is an answer to show. */
  async function follow(asked: Promise<Delivery>, announcement: string): Promise<void> {
    const { id, last_attempt_at: before } = await asked;
    app.announce(announcement);
    await load();
    const signal = AbortSignal.any([left.signal, AbortSignal.timeout(followMs)]);
    const look = async () => {
      await load();
      const delivery = shown.find((candidate) => candidate.id === id);
      const isOver = delivery?.status !== 'pending' || delivery.last_attempt_at !== before;
      return isOver ? 'done' : 'still';
    };
    poll(look, { signal }).catch((error) => {
      if (!left.signal.aborted && !(error instanceof SessionEndedError)) showFailure(error);
    });
  }

  function showFailure(error: unknown): void {
    fill(
      list,
      failure(error, () => void loadFirst()),
    );
  }

  async function loadFirst(): Promise<void> {
    try {
      await load();
    } catch (error) {
      if (!left.signal.aborted && !(error instanceof SessionEndedError)) showFailure(error);
    }
  }

  function row(delivery: Delivery): HTMLElement {
    const wrong = problemPlace();
    const name = `${delivery.type} of ${delivery.created_at}`;
    const replay = action(
      'Replay',
      () =>
        follow(
          app.api.call(replayDelivery, { path: { id: webhookId, delivery_id: delivery.id } }),
          'It is sent again.',
        ),
      { problem: wrong, class: 'small', 'aria-label': `Replay ${name}` },
    );
    return h(
      'div',
      { class: 'item delivery', 'data-id': delivery.id, tabindex: -1 },
      h(
        'div',
        { class: 'item-main' },
        h('p', { class: 'item-name' }, h('code', {}, delivery.type), ' ', deliveryStatus(delivery)),
        h('p', { class: 'muted' }, time(delivery.created_at), `, ${attemptsOf(delivery)}`),
        delivery.next_attempt_at !== null &&
          delivery.attempts > 0 &&
          h('p', { class: 'muted' }, 'Next attempt ', time(delivery.next_attempt_at)),
        delivery.error !== null && h('p', { class: 'muted' }, delivery.error),
        details(delivery),
        wrong,
      ),
      delivery.status !== 'pending' && replay,
    );
  }

  function details({ id, response_status: status, response_body: body }: Delivery) {
    if (body === null || body === '') return undefined;
    const toggle = (event: Event) => {
      const isOpen = event.target instanceof HTMLDetailsElement && event.target.open;
      if (isOpen) opened.add(id);
      else opened.delete(id);
    };
    return h(
      'details',
      { open: opened.has(id), ontoggle: toggle },
      h('summary', {}, `What your server answered with ${status ?? 'no status'}`),
      h('pre', { class: 'answer' }, body),
    );
  }

  void loadFirst();
  return {
    element: h(
      'section',
      { class: 'panel' },
      h(
        'div',
        { class: 'titled' },
        h('h2', {}, 'Deliveries'),
        h('div', { class: 'actions' }, refresh, test),
      ),
      problem,
      list,
      more,
    ),
    dispose: () => left.abort(),
  };
}

function attemptsOf({ attempts, response_status: status }: Delivery): string {
  if (attempts === 0) return 'not tried yet';
  const tried = count(attempts, 'attempt');
  return status === null ? `${tried}, no answer` : `${tried}, answered ${status}`;
}
