import {
  deleteCredentials,
  getCredentials,
  updateCredentials,
} from '../../shared/channels/contract.ts';
import type { ChannelName } from '../../shared/channels/names.ts';
import type { AccountPage, App, Content } from '../app/app.ts';
import type { AnswerOf } from '../app/http.ts';
import { ApiError } from '../app/problem.ts';
import { hasRole } from '../app/roles.ts';
import { action, badge, confirm, facts, problemPlace } from '../components/components.ts';
import { type Child, fill, h, link } from '../components/dom.ts';
import { time } from '../components/format.ts';
import { type Field, form } from '../components/forms.ts';
import { type Part, part } from '../components/loading.ts';
import { marketplaceNames, marketplaces } from './names.ts';

type SavedCredentials = AnswerOf<typeof getCredentials>['items'][number];

interface ChannelWords {
  /** Where the seller finds the keys, and what they must open. */
  readonly hint: string;
  /** What the credentials consist of, by the names of the contract. */
  readonly fields: readonly Field[];
}

const apiKey: Field = { name: 'api_key', label: 'API key', kind: 'secret', maxLength: 4096 };

const channels: Readonly<Record<ChannelName, ChannelWords>> = {
  wildberries: {
    hint: 'In the seller portal of Wildberries, create a key under API access with the categories Content, Prices and discounts, and Analytics.',
    fields: [apiKey],
  },
  ozon: {
    hint: 'In Ozon Seller, create a key under API keys with a role that may read products, prices and stocks. The Client-Id stands beside it.',
    fields: [
      { name: 'client_id', label: 'Client-Id', kind: 'text', autocomplete: 'off', maxLength: 20 },
      apiKey,
    ],
  },
};

/** The seller marketplaces that the company sells on. */
export const channelsPage: AccountPage = {
  path: '/sellers',
  title: 'Sell on',
  roles: getCredentials.access.roles,
  open: openChannels,
};

function openChannels(app: App): Content {
  const next = app.pages.filter(
    ({ setUpOn, roles }) => setUpOn === channelsPage && hasRole(app, roles),
  );
  const list: Part = part(
    (signal) => app.api.call(getCredentials, { signal }),
    ({ items }) =>
      h(
        'div',
        { class: 'stack' },
        h(
          'div',
          { class: 'halves' },
          marketplaces.map(([marketplace]) =>
            channelCard(app, marketplace, items, () => list.load()),
          ),
        ),
        items.length > 0 &&
          next.map(({ path, title }) =>
            link(path, `Go to ${title.toLowerCase()}`, { class: 'button primary' }),
          ),
      ),
  );
  void list.load();
  return {
    content: h(
      'div',
      { class: 'stack' },
      h(
        'p',
        { class: 'lead' },
        'Connect the marketplaces that you sell on, and your products, prices and stocks appear here. Keys are tried first, stored sealed, and never shown again.',
      ),
      list.element,
    ),
    dispose: list.dispose,
  };
}

function channelCard(
  app: App,
  marketplace: ChannelName,
  items: readonly SavedCredentials[],
  reload: () => Promise<void>,
): HTMLElement {
  const name = marketplaceNames[marketplace];
  const saved = items.find((item) => item.marketplace === marketplace);
  const content = h('div', { class: 'stack' });
  const title = h('h2', { tabindex: -1 }, name);
  const card = h(
    'section',
    { class: 'panel', 'aria-label': name },
    h('div', { class: 'titled' }, title, statusOf(saved)),
    content,
  );
  /** The whole page is redrawn, so the focus must go to the new card of the same name. */
  const showSaved = async (announcement: string) => {
    const region = card.closest('main');
    await reload();
    app.announce(announcement);
    region?.querySelector<HTMLElement>(`section[aria-label="${name}"] h2`)?.focus();
  };

  function showForm(): void {
    const back = h('button', { type: 'button', class: 'quiet', onclick: showConnection }, 'Cancel');
    const keys = keyForm(app, marketplace, {
      submit: saved ? 'Save key' : `Connect ${name}`,
      onSaved: () => showSaved(`${name} is connected.`),
    });
    fill(content, h('p', { class: 'muted' }, channels[marketplace].hint), keys, saved && back);
    if (saved) keys.querySelector('input')?.focus();
  }

  function showConnection(): void {
    if (!saved) {
      showForm();
      return;
    }
    const problem = problemPlace();
    const replace = h('button', { type: 'button', onclick: showForm }, 'Replace key');
    const disconnect = action(
      'Disconnect',
      async () => {
        const isSure = await confirm(
          `Disconnect ${name}?`,
          'The key is deleted and products are no longer synced from there. Those that were synced stay.',
          'Disconnect',
        );
        if (!isSure) return;
        await app.api.call(deleteCredentials, { query: { marketplace } });
        await showSaved(`${name} is disconnected.`);
      },
      { problem, class: 'danger', 'aria-label': `Disconnect ${name}` },
    );
    fill(
      content,
      facts(
        ...maskedFacts(marketplace, saved),
        ['Connected', time(saved.created_at, 'day')],
        saved.updated_at !== saved.created_at && ['Key saved', time(saved.updated_at)],
        saved.verified_at !== null
          ? ['Tried', time(saved.verified_at), ', and accepted']
          : ['Tried', `Not yet: ${name} did not answer when the key was saved.`],
      ),
      problem,
      h('div', { class: 'actions' }, replace, disconnect),
    );
  }

  showConnection();
  return card;
}

function statusOf(saved: SavedCredentials | undefined): HTMLElement {
  if (!saved) return badge('Not connected');
  return saved.is_verified ? badge('Connected', 'good') : badge('Saved, not tried', 'warn');
}

function maskedFacts(marketplace: ChannelName, { masked }: SavedCredentials) {
  return channels[marketplace].fields.map(
    ({ name, label }) => [label, h('code', {}, masked[name] ?? '')] as const,
  );
}

/** Keys are sent as typed and leave the page with the form. */
function keyForm(
  app: App,
  marketplace: ChannelName,
  { submit, onSaved }: { submit: string; onSaved: () => Promise<void> },
) {
  const name = marketplaceNames[marketplace];
  let saveUnverified = false;
  const element = form({
    fields: channels[marketplace].fields,
    submit,
    fieldOfCode: { seller_key_refused: 'api_key', seller_key_scope: 'api_key' },
    helpWith: { seller_unavailable: () => saveAnyway() },
    async onSubmit(values) {
      const isUntried = saveUnverified;
      saveUnverified = false;
      try {
        await app.api.call(updateCredentials, {
          body: { [marketplace]: values, save_unverified: isUntried },
        });
      } catch (error) {
        throw inWordsOfThePage(error, name);
      }
      await onSaved();
    },
  });

  function saveAnyway(): Child {
    const save = () => {
      saveUnverified = true;
      element.requestSubmit();
    };
    return [
      'You may also save it now. It is then tried with the first sync. ',
      h('button', { type: 'button', class: 'small', onclick: save }, 'Save without trying'),
    ];
  }

  return element;
}

/** What the API says to programs about its switch, the page offers as a button. */
function inWordsOfThePage(error: unknown, name: string): unknown {
  if (!(error instanceof ApiError) || error.code !== 'seller_unavailable') return error;
  const { code, status, retryAfterSeconds } = error;
  return new ApiError(code, status, `${name} did not answer, so the key could not be tried.`, {
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  });
}
