import { createApiKey, deleteApiKey, listApiKeys } from '../../shared/api-keys/contract.ts';
import { badge, confirm, copyable, failure } from '../components/components.ts';
import { fill, h } from '../components/dom.ts';
import { time } from '../components/format.ts';
import { form } from '../components/forms.ts';
import type { AccountPage, App } from './app.ts';
import type { AnswerOf } from './http.ts';
import { explain, SessionEndedError } from './problem.ts';

type ApiKeys = AnswerOf<typeof listApiKeys>;
type CreatedApiKey = AnswerOf<typeof createApiKey>;

/** The keys by which programs of the company call the API. */
export const apiKeysPage: AccountPage = {
  path: '/api-keys',
  title: 'API keys',
  roles: listApiKeys.access.roles,
  open(app) {
    const list = h('div', { 'aria-live': 'polite' });

    async function load(): Promise<void> {
      try {
        const { items } = await app.api.call(listApiKeys);
        fill(
          list,
          items.length === 0
            ? h('p', { class: 'muted' }, 'There is no API key yet.')
            : items.map(row),
        );
      } catch (error) {
        if (!(error instanceof SessionEndedError)) fill(list, failure(error, load));
      }
    }

    function row(key: ApiKeys['items'][number]): HTMLElement {
      const problem = h('p', { class: 'form-error', role: 'alert' });
      const isExpired = Date.parse(key.expires_at) <= Date.now();
      const remove = async () => {
        const isSure = await confirm(
          `Delete “${key.name}”?`,
          'Whatever sends data with this key is refused within a minute.',
          'Delete key',
        );
        if (!isSure) return;
        try {
          await app.api.call(deleteApiKey, { path: { id: key.id } });
          app.announce(`${key.name} is deleted.`);
          await load();
        } catch (error) {
          if (!(error instanceof SessionEndedError)) fill(problem, explain(error));
        }
      };
      return h(
        'div',
        { class: 'item' },
        h(
          'div',
          {},
          h('p', { class: 'item-name' }, key.name, ' ', isExpired && badge('Expired', 'warn')),
          h(
            'p',
            { class: 'muted' },
            'Created ',
            time(key.created_at, 'day'),
            ', expires ',
            time(key.expires_at, 'day'),
          ),
          problem,
        ),
        h(
          'button',
          {
            type: 'button',
            class: 'small',
            'aria-label': `Delete ${key.name}`,
            onclick: () => void remove(),
          },
          'Delete',
        ),
      );
    }

    fill(list, h('div', { class: 'skeleton' }));
    void load();
    return {
      content: h(
        'div',
        { class: 'columns' },
        h('section', { class: 'panel' }, h('h2', {}, 'Keys in use'), list),
        h(
          'section',
          { class: 'panel' },
          h('h2', {}, 'New key'),
          apiKeyMaker(app, () => void load()),
        ),
      ),
    };
  },
};

/** A form that makes an API key and then shows it, this once. */
export function apiKeyMaker(app: App, onCreated: (key: CreatedApiKey) => void): HTMLElement {
  const result = h('div', { class: 'result', role: 'status' });
  const another = h(
    'button',
    { type: 'button', class: 'small', onclick: startAgain },
    'Create another',
  );
  const maker = form({
    fields: [
      {
        name: 'name',
        label: 'Name',
        kind: 'text',
        maxLength: 100,
        hint: 'What will use it, such as “Server in Berlin”.',
        autocomplete: 'off',
      },
      {
        name: 'expires_in_days',
        label: 'Works for',
        kind: 'select',
        value: '365',
        choices: [
          ['30', '30 days'],
          ['90', '90 days'],
          ['365', 'One year'],
          ['730', 'Two years'],
        ],
      },
    ],
    submit: 'Create API key',
    async onSubmit({ name = '', expires_in_days }) {
      const created = await app.api.call(createApiKey, {
        body: { name, expires_in_days: Number(expires_in_days) },
      });
      maker.reset();
      maker.hidden = true;
      fill(
        result,
        h(
          'p',
          {},
          h('strong', {}, `${created.name} is ready.`),
          ' Copy the key now: it is not shown again.',
        ),
        copyable('API key', created.key),
        another,
      );
      another.focus();
      onCreated(created);
    },
  });

  function startAgain(): void {
    fill(result);
    maker.hidden = false;
    maker.querySelector('input')?.focus();
  }

  return h('div', {}, result, maker);
}
