import { explain, SessionEndedError } from '../app/problem.ts';
import { supportEmail } from '../app/settings.ts';
import { type Child, fill, h, link, uniqueId } from './dom.ts';

/** The heading of a page. It takes the focus when the page is opened from another one. */
export function heading(text: string): HTMLHeadingElement {
  return h('h1', { tabindex: -1 }, text);
}

export function supportLink(): HTMLAnchorElement {
  return link(`mailto:${supportEmail}`, supportEmail);
}

/** A problem that leaves a part of the page empty, with a way to try again. */
export function failure(error: unknown, retry: () => void): HTMLElement {
  return h(
    'div',
    { class: 'panel failure', role: 'alert' },
    h('p', {}, explain(error)),
    h('button', { type: 'button', onclick: retry }, 'Try again'),
  );
}

/**
 * A button for something that takes a while. Meanwhile it is busy and does nothing again; what goes
 * wrong stands in `problem`.
 */
export function action(
  label: string,
  run: () => Promise<void>,
  { problem, ...attributes }: ActionOptions,
): HTMLButtonElement {
  const button = h('button', { type: 'button', ...attributes, onclick: () => void act() }, label);

  async function act(): Promise<void> {
    if (button.getAttribute('aria-disabled') === 'true') return;
    fill(problem);
    // Not `disabled`: the button keeps the focus while it waits.
    button.setAttribute('aria-disabled', 'true');
    button.classList.add('busy');
    try {
      await run();
    } catch (error) {
      if (!(error instanceof SessionEndedError)) fill(problem, explain(error));
    } finally {
      button.removeAttribute('aria-disabled');
      button.classList.remove('busy');
    }
  }

  return button;
}

export interface ActionOptions {
  readonly problem: HTMLElement;
  readonly class?: string;
  readonly 'aria-label'?: string;
}

/** Where it stands what went wrong; nothing to see until something does. */
export function problemPlace(): HTMLElement {
  return h('p', { class: 'form-error', role: 'alert' });
}

/** Names with what they stand for, such as the particulars of a thing. */
export function facts(
  ...pairs: (readonly [name: string, ...value: Child[]] | false)[]
): HTMLElement {
  return h(
    'dl',
    { class: 'facts' },
    pairs.map((pair) => {
      if (!pair) return false;
      const [name, ...value] = pair;
      return h('div', {}, h('dt', {}, name), h('dd', {}, value));
    }),
  );
}

/** Text to take along, such as a key or a command, with a button that copies it. */
export function copyable(label: string, text: string): HTMLElement {
  const code = h(
    'code',
    { tabindex: 0, role: 'textbox', 'aria-readonly': 'true', 'aria-label': label },
    text,
  );
  const status = h('span', { class: 'hidden', role: 'status' });
  const button = h(
    'button',
    { type: 'button', class: 'small', 'aria-label': `Copy ${label}` },
    'Copy',
  );
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(text);
      fill(button, 'Copied');
      fill(status, `${label} copied`);
    } catch {
      // Browsers deny the clipboard outside https: the person's own shortcut always works.
      getSelection()?.selectAllChildren(code);
      fill(button, 'Ctrl+C');
      fill(status, `${label} selected: copy it with your keyboard`);
    }
    setTimeout(() => fill(button, 'Copy'), 3000);
  });
  return h('div', { class: 'copyable' }, h('pre', {}, code), button, status);
}

/** Asks before something that cannot be undone; resolves to whether the answer was yes. */
export function confirm(question: string, explanation: string, yes: string): Promise<boolean> {
  const title = uniqueId('dialog');
  const dialog = h(
    'dialog',
    { 'aria-labelledby': title },
    h(
      'form',
      { method: 'dialog', class: 'confirmation' },
      h('h2', { id: title }, question),
      h('p', {}, explanation),
      h(
        'div',
        { class: 'actions end' },
        h('button', { value: 'no', class: 'quiet', autofocus: true }, 'Cancel'),
        h('button', { value: 'yes', class: 'danger' }, yes),
      ),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
  });
}

/** A small word with a meaning, such as a status. */
export function badge(
  text: string,
  kind: 'plain' | 'good' | 'warn' | 'bad' = 'plain',
): HTMLElement {
  return h('span', { class: `badge ${kind}` }, text);
}

/** A card around content that stands alone on its page. */
export function card(...children: Child[]): HTMLElement {
  return h('section', { class: 'panel card' }, ...children);
}
