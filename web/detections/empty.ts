import { createApiKey } from '../../shared/api-keys/contract.ts';
import { ingestDetections } from '../../shared/detections/contract/detections.ts';
import { apiKeyMaker } from '../app/api-keys.ts';
import type { App } from '../app/app.ts';
import { mayCall } from '../app/roles.ts';
import { copyable } from '../components/components.ts';
import { fill, h, link } from '../components/dom.ts';
import { clock } from '../components/format.ts';

const [ingestPath] = ingestDetections.paths;

export interface EmptyState {
  readonly element: HTMLElement;
  /** Says that another look found nothing either. */
  sayStillEmpty(): void;
}

/** What to do while there is no detection yet: make a key, send one, look again. */
export function emptyState(app: App, refresh: () => void): EmptyState {
  const answer = h('span', { class: 'muted', role: 'status' });
  const command = h('div', {});
  const showCommand = (key: string) => fill(command, copyable('command', ingestCommand(key)));
  showCommand('YOUR_API_KEY');
  const keyStep = mayCall(app, createApiKey)
    ? apiKeyMaker(app, (created) => showCommand(created.key))
    : h(
        'p',
        { class: 'muted' },
        'Only owners and admins make API keys. Ask one of them for a key.',
      );
  const element = h(
    'div',
    { class: 'panel empty' },
    h('h2', {}, 'No detections yet'),
    h(
      'p',
      { class: 'lead' },
      'Your sensors report here, and only your company sees what they report. Three steps to the first one:',
    ),
    h(
      'ol',
      { class: 'big-steps' },
      h('li', {}, h('h3', {}, 'Create an API key'), keyStep),
      h(
        'li',
        {},
        h('h3', {}, 'Send a detection'),
        h(
          'p',
          { class: 'muted' },
          'Sensors POST to ',
          h('code', {}, ingestPath),
          ' with the key in ',
          h('code', {}, 'X-Api-Key'),
          '. Try it from a terminal, or read the ',
          link('/docs', 'API docs'),
          '.',
        ),
        command,
      ),
      h(
        'li',
        {},
        h('h3', {}, 'See it here'),
        h(
          'div',
          { class: 'actions middle' },
          h(
            'button',
            { type: 'button', class: 'primary', onclick: refresh },
            'Check for detections',
          ),
          answer,
        ),
      ),
    ),
  );
  return {
    element,
    sayStillEmpty: () => fill(answer, `None at ${clock(new Date())}.`),
  };
}

function ingestCommand(key: string): string {
  const body =
    '{"detections":[{"source_ip":"203.0.113.9","label":"port-scan","probability":0.97}]}';
  return [
    `curl ${location.origin}${ingestPath} \\`,
    `  -H 'X-Api-Key: ${key}' \\`,
    "  -H 'Content-Type: application/json' \\",
    `  -d '${body}'`,
  ].join('\n');
}
