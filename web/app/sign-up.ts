import { register } from '../../shared/identity/contract.ts';
import { card, heading } from '../components/components.ts';
import { h, link } from '../components/dom.ts';
import { form, signInInstead } from '../components/forms.ts';
import type { App, Page } from './app.ts';

/** Self-serve sign-up: a tenant on the free plan, without AWS Marketplace. */
export function signUpPage(app: App): Page {
  const title = 'Create an account';
  return {
    title,
    content: card(
      heading(title),
      h('p', { class: 'lead' }, 'Free, and no payment details needed.'),
      form({
        fields: [
          {
            name: 'email',
            label: 'Email',
            kind: 'email',
            autocomplete: 'username',
            hint: 'You sign in with it.',
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
            maxLength: 255,
          },
        ],
        submit: 'Create account',
        fieldOfCode: { email_taken: 'email' },
        helpWith: { email_taken: signInInstead },
        async onSubmit({ email = '', password = '', company_name = '' }) {
          const tokens = await app.api.call(register, {
            body: { email, password, company_name },
          });
          app.session.open(tokens);
          app.go('/', { notice: { kind: 'good', text: 'Your account is ready.' }, replace: true });
        },
      }),
      h('p', { class: 'aside' }, 'Have an account? ', link('/', 'Sign in'), '.'),
    ),
  };
}
