import { login } from '../../shared/identity/contract.ts';
import { card, heading } from '../components/components.ts';
import { h, link } from '../components/dom.ts';
import { form } from '../components/forms.ts';
import type { App, Page } from './app.ts';
import { productName } from './settings.ts';

/** The form for people who have an account. After it, the page that was asked for. */
export function signInPage(app: App, path: string): Page {
  const title = 'Sign in';
  return {
    title,
    content: card(
      heading(title),
      h('p', { class: 'lead' }, `Welcome back to ${productName}.`),
      form({
        fields: [
          { name: 'email', label: 'Email', kind: 'email', autocomplete: 'username' },
          { name: 'password', label: 'Password', kind: 'current-password' },
        ],
        submit: 'Sign in',
        async onSubmit({ email = '', password = '' }) {
          app.session.open(await app.api.call(login, { body: { email, password } }));
          app.go(path, { replace: true });
        },
      }),
      h(
        'p',
        { class: 'aside' },
        'New here? ',
        link('/sign-up', 'Create an account'),
        '. Bought on AWS Marketplace? ',
        link('/welcome', 'How to set it up'),
        '.',
      ),
    ),
  };
}
