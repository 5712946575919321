import { getSubscription } from '../../shared/marketplace/contract.ts';
import { badge, facts, failure, supportLink } from '../components/components.ts';
import { type Child, fill, h, link } from '../components/dom.ts';
import { number, time } from '../components/format.ts';
import type { AccountPage, App } from './app.ts';
import type { AnswerOf } from './http.ts';
import { poll } from './polling.ts';
import { SessionEndedError } from './problem.ts';

type Subscription = AnswerOf<typeof getSubscription>;
type License = Subscription['licenses'][number];

/** Where buyers change or cancel what they bought. */
const awsConsole = 'https://console.aws.amazon.com/marketplace/home#/subscriptions';

/** The page that was asked for when there was no active subscription. */
let wanted: string | undefined;

/**
 * Shows the subscription in place of the page that was asked for, because nothing else is to be had
 * without an active one. From there it goes on by itself.
 */
export function leadToSubscription(app: App): void {
  if (location.pathname === subscriptionPage.path) return;
  wanted = location.pathname + location.search;
  app.go(subscriptionPage.path, { replace: true });
}

/** What the company has bought, may use and has used, and what happens next. */
export const subscriptionPage: AccountPage = {
  path: '/subscription',
  title: 'Subscription',
  roles: getSubscription.access.roles,
  isForAnyStatus: true,
  open(app) {
    const left = new AbortController();
    const { signal } = left;
    const content = h('div', { 'aria-live': 'polite' }, h('div', { class: 'skeleton' }));
    let shown = '';

    async function watch(): Promise<void> {
      try {
        await poll(look, { signal, firstPauseMs: 2000 });
      } catch (error) {
        if (signal.aborted || error instanceof SessionEndedError) return;
        shown = '';
        fill(
          content,
          failure(error, () => void watch()),
        );
      }
    }

    async function look(): Promise<'done' | 'still'> {
      const subscription = await app.api.call(getSubscription, { signal });
      const text = JSON.stringify(subscription);
      // What has not changed is not said again.
      if (text !== shown) fill(content, view(subscription));
      shown = text;
      if (standingOf(subscription) !== 'active') return 'still';
      goOn(app);
      return 'done';
    }

    void watch();
    return { content, dispose: () => left.abort() };
  },
};

/** Goes on to the page that was asked for before the subscription was active. */
function goOn(app: App): void {
  const path = wanted;
  wanted = undefined;
  if (path === undefined) return;
  const notice = { kind: 'good', text: 'Your subscription is active.' } as const;
  app.go(path, { notice, replace: true });
}

type Standing = 'active' | 'pending' | 'ended' | 'suspended';

function standingOf({ status, licenses }: Subscription): Standing {
  const has = (wanted: License['status']) => licenses.some((license) => license.status === wanted);
  if (status === 'SUSPENDED') return has('ACTIVE') ? 'suspended' : 'ended';
  if (status !== 'ACTIVE') return 'pending';
  return has('PENDING') && !has('ACTIVE') ? 'pending' : 'active';
}

function view(subscription: Subscription): Child {
  const { plan, licenses, entitlements, usage, next } = subscription;
  return [
    h(
      'section',
      { class: 'panel' },
      h('h2', {}, titles[standingOf(subscription)]),
      explanationOf(standingOf(subscription)),
      facts(
        ['Plan', plan === null ? 'None' : badge(plan)],
        next !== null && [
          'What happens next',
          nextWords[next.what],
          next.at && [', ', day(next.at)],
        ],
      ),
      licenses.length > 0 &&
        h(
          'p',
          {},
          'You change, renew or cancel it in AWS: ',
          link(awsConsole, 'AWS Marketplace › Manage subscriptions', { rel: 'noreferrer' }),
          '.',
        ),
      h('p', { class: 'muted' }, 'Questions? Write to ', supportLink(), '.'),
    ),
    licenses.length > 0 &&
      h('section', { class: 'panel' }, h('h2', {}, 'Licenses'), licenses.map(licenseView)),
    entitlements.length > 0 &&
      h(
        'section',
        { class: 'panel' },
        h('h2', {}, 'What you are entitled to'),
        facts(
          ...entitlements.map(
            ({ dimension, value, expires_at }) =>
              [
                dimension,
                valueText(value),
                expires_at !== null && [', until ', day(expires_at)],
              ] as const,
          ),
        ),
      ),
    usage.length > 0 &&
      h(
        'section',
        { class: 'panel' },
        h('h2', {}, 'Used this month'),
        h('p', { class: 'muted' }, 'Since the first of the month, UTC. AWS bills what you use.'),
        facts(...usage.map(({ dimension, quantity }) => [dimension, number(quantity)] as const)),
      ),
  ];
}

const titles: Readonly<Record<Standing, string>> = {
  active: 'Your subscription is active',
  pending: 'Your subscription is being activated',
  ended: 'Your subscription has ended',
  suspended: 'Your account is suspended',
};

function explanationOf(standing: Standing): Child {
  if (standing === 'active') return undefined;
  const words: Readonly<Record<Exclude<Standing, 'active'>, string>> = {
    pending:
      'AWS tells us when it is active, usually within a few minutes. There is nothing for you to do: this page goes on by itself.',
    ended:
      'Everything is kept, and not available until there is an active subscription again. This page goes on by itself then.',
    suspended: 'Your data is not available for now. Write to us to learn why.',
  };
  return h('p', {}, words[standing]);
}

const nextWords: Readonly<Record<NonNullable<Subscription['next']>['what'], string>> = {
  activates: 'AWS activates it',
  trial_ends: 'The free trial ends',
  renews: 'It is renewed',
  ends: 'It ends',
  cancellation_requested: 'A cancellation was requested; it ends',
};

const statusWords: Readonly<
  Record<License['status'], readonly [string, 'good' | 'warn' | 'plain']>
> = {
  PENDING: ['Being activated', 'warn'],
  ACTIVE: ['Active', 'good'],
  ENDED: ['Ended', 'plain'],
};

function licenseView(license: License): HTMLElement {
  const { license_arn, product_code, agreement_id, status, is_free_trial } = license;
  const { started_at, ends_at } = license;
  const [text, kind] = statusWords[status];
  return h(
    'div',
    {},
    h('h3', {}, product_code, ' ', badge(text, kind), is_free_trial && [' ', badge('Free trial')]),
    facts(
      started_at !== null && ['Started', day(started_at)],
      ends_at !== null && [status === 'ENDED' ? 'Ended' : 'Ends', day(ends_at)],
      agreement_id !== null && ['Agreement', h('code', {}, agreement_id)],
      license_arn !== null && ['License', h('code', {}, license_arn)],
    ),
  );
}

const day = (at: string) => time(at, 'day');

function valueText(value: string | number | boolean): string {
  if (typeof value === 'boolean') return value ? 'Yes' : 'No';
  return typeof value === 'number' ? number(value) : value;
}
