import { login } from '../../shared/identity/contract.ts';
import { completeProfile, linkLicense } from '../../shared/marketplace/contract.ts';
import { card, heading, supportLink } from '../components/components.ts';
import { type Child, fill, h, link } from '../components/dom.ts';
import { form } from '../components/forms.ts';
import type { App, Page } from './app.ts';
import { ApiError } from './problem.ts';
import { productName } from './settings.ts';
import { subscriptionPage } from './subscription.ts';

/**
 * Takes the registration ticket that AWS Marketplace's buyer arrives with out of the address, so
 * that neither the history nor a shared link holds it. Undefined if there is none.
 */
export function takeTicket(location: Location, history: History): string | undefined {
  const ticket = new URLSearchParams(location.hash.slice(1)).get('ticket');
  if (ticket === null) return undefined;
  history.replaceState(history.state, '', location.pathname);
  return ticket === '' ? undefined : ticket;
}

/** In memory only: it lasts while the buyer looks around, and goes with the page. */
let held: string | undefined;

/** Removes the ticket from the address at once. */
export function keepTicket(): void {
  held = takeTicket(location, history) ?? held;
}

/** Where the buyer's browser ends up after "Set up your account" on AWS Marketplace. */
export function welcomePage(app: App): Page {
  keepTicket();
  return held === undefined ? comeBackPage(app) : profilePage(app, held);
}

function profilePage(app: App, ticket: string): Page {
  const title = 'Set up your account';
  const place = h('div', {});
  const signInInstead = h(
    'button',
    { type: 'button', class: 'quiet small', onclick: () => fill(place, linkCard(app, ticket)) },
    'Sign in instead',
  );
  fill(
    place,
    card(
      h('h2', {}, 'Who will own the account?'),
      form({
        fields: [
          {
            name: 'email',
            label: 'Email',
            kind: 'email',
            autocomplete: 'username',
            hint: 'Any address you read. You sign in with it.',
          },
          {
            name: 'password',
            label: 'Password',
            kind: 'new-password',
            hint: '8 characters or more; longer is better.',
          },
          {
            name: 'company_name',
            label: 'Company name',
            kind: 'text',
            autocomplete: 'organization',
            optional: true,
            maxLength: 255,
          },
        ],
        submit: 'Complete setup',
        fieldOfCode: { email_taken: 'email' },
        helpWith: {
          email_taken: () => [
            'Is it yours? ',
            link('/', 'Sign in'),
            ', or use another email here.',
          ],
          profile_completed: () => link('/', 'Sign in'),
          tenant_suspended: () => ['Write to ', supportLink(), ' if that surprises you.'],
        },
        async onSubmit({ email = '', password = '', company_name }) {
          const body = {
            registration_ticket: ticket,
            email,
            password,
            ...(company_name !== undefined && { company_name }),
          };
          const profile = await spend(app, () => app.api.call(completeProfile, { body }));
          app.session.open(profile);
          const text =
            profile.status === 'ACTIVE'
              ? 'Your account is set up and your subscription is active.'
              : 'Your account is set up. Your subscription is being activated, which takes a few minutes.';
          app.go('/', { notice: { kind: 'good', text }, replace: true });
        },
      }),
      h('p', { class: 'aside' }, 'Have an account already? ', signInInstead),
    ),
  );
  return {
    title,
    content: h(
      'div',
      { class: 'split' },
      h(
        'section',
        { class: 'intro' },
        h('p', { class: 'eyebrow' }, 'AWS Marketplace'),
        heading(title),
        h(
          'p',
          { class: 'lead' },
          `Thank you for choosing ${productName}. AWS has confirmed your purchase; one step is left.`,
        ),
        h(
          'ul',
          { class: 'ticks' },
          h('li', {}, 'You become the owner of your company’s own space.'),
          h('li', {}, 'Your data stays separate from that of every other customer.'),
          h('li', {}, 'AWS bills you. We never ask for payment details.'),
        ),
        h('p', { class: 'aside' }, 'Questions? Write to ', supportLink(), '.'),
      ),
      place,
    ),
  };
}

/** For a buyer who has an account: the purchase goes to it in place of a new one. */
function linkCard(app: App, ticket: string): HTMLElement {
  return card(
    h('h2', {}, 'Add it to your account'),
    h('p', {}, 'Sign in as the owner of the account that this purchase is for.'),
    form({
      fields: [
        { name: 'email', label: 'Email', kind: 'email', autocomplete: 'username' },
        { name: 'password', label: 'Password', kind: 'current-password' },
      ],
      submit: 'Sign in and add it',
      async onSubmit({ email = '', password = '' }) {
        app.session.open(await app.api.call(login, { body: { email, password } }));
        await spend(app, () =>
          app.api.call(linkLicense, { body: { registration_ticket: ticket } }),
        );
        const notice = { kind: 'good', text: 'The purchase is added to your account.' } as const;
        app.go(subscriptionPage.path, { notice, replace: true });
      },
    }),
    h('p', { class: 'aside' }, 'New here? ', link('/welcome', 'Set up a new account'), '.'),
  );
}

/** A ticket that is spent or too old is of no more use: then the page says how to get another. */
async function spend<R>(app: App, request: () => Promise<R>): Promise<R> {
  try {
    const answer = await request();
    held = undefined;
    return answer;
  } catch (error) {
    if (error instanceof ApiError && error.code === 'invalid_ticket') {
      held = undefined;
      app.go('/welcome', { notice: { kind: 'bad', text: error.message }, replace: true });
    }
    throw error;
  }
}

function comeBackPage(app: App): Page {
  const title = 'Start from AWS Marketplace';
  return {
    title,
    content: card(
      heading(title),
      h(
        'p',
        { class: 'lead' },
        'To set up what you bought, come here through AWS, so that we know which purchase is yours.',
      ),
      comeBackSteps(),
      h(
        'p',
        {},
        'Setting up works as often as you need: nothing is charged twice and nothing is lost.',
      ),
      h(
        'div',
        { class: 'actions' },
        app.session.isOpen()
          ? link('/', 'Go to your account', { class: 'button primary' })
          : link('/', 'Sign in to an existing account', { class: 'button primary' }),
        link(
          'https://console.aws.amazon.com/marketplace/home#/subscriptions',
          'Open the AWS console',
          { class: 'button', rel: 'noreferrer' },
        ),
      ),
      h('p', { class: 'aside' }, 'Does it not work? Write to ', supportLink(), '.'),
    ),
  };
}

function comeBackSteps(): Child {
  return h(
    'ol',
    { class: 'steps' },
    h(
      'li',
      {},
      'Sign in to the ',
      h('strong', {}, 'AWS console'),
      ' with the account that bought the product.',
    ),
    h(
      'li',
      {},
      'Open ',
      h('strong', {}, 'AWS Marketplace'),
      ' and then ',
      h('strong', {}, 'Manage subscriptions'),
      '.',
    ),
    h('li', {}, `Choose ${productName} and click `, h('strong', {}, 'Set up your account'), '.'),
  );
}
