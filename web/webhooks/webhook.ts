import {
  deleteWebhook,
  getWebhook,
  rotateWebhookSecret,
  updateWebhook,
} from '../../shared/webhooks/contract.ts';
import type { App, Content } from '../app/app.ts';
import type { BodyOf } from '../app/http.ts';
import { action, confirm, facts, problemPlace } from '../components/components.ts';
import { fill, h } from '../components/dom.ts';
import { time } from '../components/format.ts';
import { part } from '../components/loading.ts';
import { type Deliveries, deliveryList } from './deliveries.ts';
import { webhookForm } from './form.ts';
import { secretOnce, verifyingHint } from './secret.ts';
import { offSentence, webhookStatus } from './status.ts';
import type { Webhook } from './types.ts';

/** One webhook: what it is, its secret, and what it was sent. */
export function openWebhook(app: App, id: string, listPath: string): Content {
  const update = (body: BodyOf<typeof updateWebhook>) =>
    app.api.call(updateWebhook, { path: { id }, body });
  const settings = h('section', { class: 'panel' });
  const secret = h('section', { class: 'panel' });
  let deliveries: Deliveries | undefined;
  const whole = part(
    (signal) => app.api.call(getWebhook, { path: { id }, signal }),
    (webhook) => {
      showSettings(webhook);
      showSecret(webhook);
      deliveries?.dispose();
      deliveries = deliveryList(app, id);
      return h(
        'div',
        { class: 'stack' },
        h('div', { class: 'halves' }, settings, secret),
        deliveries.element,
      );
    },
  );

  function showSettings(webhook: Webhook): void {
    app.retitle(webhook.description ?? 'Webhook');
    const problem = problemPlace();
    const title = h('h2', { tabindex: -1 }, 'Settings');
    const off = offSentence(webhook);
    const toggle = action(
      webhook.enabled ? 'Switch off' : 'Switch on',
      async () => {
        const changed = await update({ enabled: !webhook.enabled });
        showSettings(changed);
        app.announce(changed.enabled ? 'The webhook is on.' : 'The webhook is off.');
        settings.querySelector<HTMLElement>('h2')?.focus();
      },
      { problem },
    );
    const remove = action('Delete', () => deleteIt(webhook), { problem, class: 'danger' });
    fill(
      settings,
      h('div', { class: 'titled' }, title, webhookStatus(webhook)),
      off !== undefined && h('p', { class: 'muted' }, off, ' What happened meanwhile is not sent.'),
      facts(
        ['Address', h('code', {}, webhook.url)],
        [
          'Events',
          h(
            'ul',
            { class: 'plain' },
            webhook.events.map((event) => h('li', {}, h('code', {}, event))),
          ),
        ],
        ['Created', time(webhook.created_at)],
      ),
      problem,
      h(
        'div',
        { class: 'actions' },
        h('button', { type: 'button', onclick: () => showForm(webhook) }, 'Change'),
        toggle,
        remove,
      ),
    );
  }

  function showForm(webhook: Webhook): void {
    const maker = webhookForm(app.eventWords, {
      submit: 'Save',
      webhook,
      async onSubmit({ url, events, description }) {
        showSettings(await update({ url, events, description: description ?? null }));
        app.announce('The webhook is changed.');
        settings.querySelector<HTMLElement>('h2')?.focus();
      },
    });
    const cancel = () => showSettings(webhook);
    fill(
      settings,
      h('h2', {}, 'Settings'),
      maker,
      h('button', { type: 'button', class: 'quiet', onclick: cancel }, 'Cancel'),
    );
    maker.querySelector('input')?.focus();
  }

  function showSecret({ previous_secret_until: until }: Webhook, fresh?: string): void {
    const problem = problemPlace();
    const rotate = action(
      'New secret',
      async () => {
        const isSure = await confirm(
          'Make a new secret?',
          'For 24 hours deliveries carry two signatures, of the new secret and of the one before, so nothing is lost while you change over.',
          'Make new secret',
        );
        if (!isSure) return;
        const rotated = await app.api.call(rotateWebhookSecret, { path: { id } });
        showSecret(rotated, rotated.secret);
        app.announce('The webhook has a new secret.');
      },
      { problem },
    );
    fill(
      secret,
      h('h2', {}, 'Secret'),
      fresh === undefined ? verifyingHint() : h('div', { class: 'result' }, secretOnce(fresh)),
      until !== null &&
        h('p', { class: 'muted' }, 'The secret before is valid too, until ', time(until), '.'),
      problem,
      h('div', { class: 'actions' }, rotate),
    );
  }

  async function deleteIt(webhook: Webhook): Promise<void> {
    const isSure = await confirm(
      'Delete this webhook?',
      `Nothing more is sent to ${webhook.url}, and what was not delivered yet is dropped.`,
      'Delete webhook',
    );
    if (!isSure) return;
    await app.api.call(deleteWebhook, { path: { id } });
    app.go(listPath, { notice: { kind: 'good', text: 'The webhook is deleted.' }, replace: true });
  }

  void whole.load();
  return {
    content: whole.element,
    dispose() {
      whole.dispose();
      deliveries?.dispose();
    },
  };
}
