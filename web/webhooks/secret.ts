import { copyable } from '../components/components.ts';
import { type Child, h } from '../components/dom.ts';

/** The secret of a webhook, this once, and what to do with it. */
export function secretOnce(secret: string): Child {
  return [
    h('p', {}, h('strong', {}, 'Copy the secret now:'), ' it is not shown again.'),
    copyable('secret', secret),
    verifyingHint(),
  ];
}

/** How a receiver knows that a delivery comes from here. */
export function verifyingHint(): HTMLElement {
  return h(
    'p',
    { class: 'muted' },
    'Your server checks with it that a delivery is ours: deliveries are signed as ',
    h(
      'a',
      { href: 'https://www.standardwebhooks.com', rel: 'noreferrer', target: '_blank' },
      'Standard Webhooks',
    ),
    ' describes, and its libraries do it in one call: ',
    h('code', {}, 'new Webhook(secret).verify(body, headers)'),
    '.',
  );
}
