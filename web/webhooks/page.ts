import { createWebhook, listWebhooks } from '../../shared/webhooks/contract.ts';
import type { AccountPage, App, Content } from '../app/app.ts';
import type { AnswerOf } from '../app/http.ts';
import { fill, h, link } from '../components/dom.ts';
import { count, time } from '../components/format.ts';
import { part } from '../components/loading.ts';
import { webhookForm } from './form.ts';
import { secretOnce } from './secret.ts';
import { offSentence, webhookStatus } from './status.ts';
import type { Webhook } from './types.ts';
import { openWebhook } from './webhook.ts';

/** All webhooks of the company. */
export const webhooksPage: AccountPage = {
  path: '/webhooks',
  title: 'Webhooks',
  roles: listWebhooks.access.roles,
  open: openWebhooks,
};

/** One of them. */
export const webhookPage: AccountPage = {
  path: '/webhooks/',
  title: 'Webhook',
  roles: listWebhooks.access.roles,
  parent: webhooksPage,
  open: (app, id) => openWebhook(app, id, webhooksPage.path),
};

function openWebhooks(app: App): Content {
  const list = part(
    (signal) => app.api.call(listWebhooks, { signal }),
    ({ items }) =>
      items.length === 0 ? h('p', { class: 'muted' }, 'There is no webhook yet.') : items.map(row),
  );
  const result = h('div', { class: 'result', role: 'status' });
  const maker = webhookForm(app.eventWords, {
    submit: 'Create webhook',
    async onSubmit({ url, events, description }) {
      const created = await app.api.call(createWebhook, {
        body: { url, events, ...(description !== undefined && { description }) },
      });
      showCreated(created);
      await list.load();
    },
  });

  function showCreated(created: AnswerOf<typeof createWebhook>): void {
    maker.reset();
    maker.hidden = true;
    const another = h(
      'button',
      { type: 'button', class: 'small', onclick: startAgain },
      'Create another',
    );
    fill(
      result,
      h('p', {}, h('strong', {}, 'The webhook is ready.'), ' Deliveries begin within 30 seconds.'),
      secretOnce(created.secret),
      h(
        'div',
        { class: 'actions' },
        link(`/webhooks/${created.id}`, 'Try it out', { class: 'button small primary' }),
        another,
      ),
    );
    another.focus();
  }

  function startAgain(): void {
    fill(result);
    maker.hidden = false;
    maker.querySelector('input')?.focus();
  }

  void list.load();
  return {
    content: h(
      'div',
      { class: 'stack' },
      h(
        'p',
        { class: 'lead' },
        'A webhook is an address of yours that we tell of what happens here, signed and with retries over three days.',
      ),
      h(
        'div',
        { class: 'columns in-order' },
        h('section', { class: 'panel' }, h('h2', {}, 'Your webhooks'), list.element),
        h('section', { class: 'panel' }, h('h2', {}, 'New webhook'), result, maker),
      ),
    ),
    dispose: list.dispose,
  };
}

function row(webhook: Webhook): HTMLElement {
  const off = offSentence(webhook);
  return h(
    'div',
    { class: 'item' },
    h(
      'div',
      { class: 'item-main' },
      h(
        'p',
        { class: 'item-name' },
        link(`/webhooks/${webhook.id}`, webhook.description ?? webhook.url),
      ),
      webhook.description !== null && h('p', { class: 'muted' }, webhook.url),
      h(
        'p',
        { class: 'muted' },
        count(webhook.events.length, 'event'),
        ', created ',
        time(webhook.created_at, 'day'),
        off !== undefined && `. ${off}`,
      ),
    ),
    webhookStatus(webhook),
  );
}
