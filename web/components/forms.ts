import { ApiError, explain, SessionEndedError } from '../app/problem.ts';
import { type Child, fill, h, link, uniqueId } from './dom.ts';

export interface Field {
  /** Name of the property in the request's body. */
  readonly name: string;
  /** As a sentence may begin with it: `Email`, `Company name`. */
  readonly label: string;
  readonly kind:
    | 'email'
    | 'text'
    | 'url'
    | 'new-password'
    | 'current-password'
    | 'secret'
    | 'select'
    | 'checks';
  readonly autocomplete?: string;
  readonly hint?: string;
  readonly optional?: true;
  /** What it holds at first; of checks, the values with spaces between them, as `onSubmit` gets them. */
  readonly value?: string;
  readonly maxLength?: number;
  /** Values and texts of a select or of checks, and what a check means. */
  readonly choices?: readonly (readonly [value: string, text: string, meaning?: string])[];
}

export interface FormOptions {
  readonly fields: readonly Field[];
  readonly submit: string;
  /** Fields left empty are not in the values. */
  readonly onSubmit: (values: Readonly<Record<string, string>>) => Promise<void>;
  /** The field that an error without pointers is about, by the error's code. */
  readonly fieldOfCode?: Readonly<Record<string, string>>;
  /** What to offer beside an error, by its code. */
  readonly helpWith?: Readonly<Record<string, () => Child>>;
}

type Control = HTMLInputElement | HTMLSelectElement;

interface Row {
  readonly field: Field;
  /** What takes the focus when something is wrong. */
  readonly control: Control;
  readonly element: HTMLElement;
  value(): string;
  showError(text: string | undefined): void;
}

/**
 * A form whose errors stand where they belong: what the API says about a property under its
 * field, the rest above the button. The first wrong field takes the focus.
 */
export function form(options: FormOptions): HTMLFormElement {
  const rows = options.fields.map(makeRow);
  const summary = h('div', { class: 'form-error', role: 'alert', tabindex: -1 });
  const button = h('button', { type: 'submit', class: 'primary' }, options.submit);
  const element = h(
    'form',
    { novalidate: true, onsubmit: (event: Event) => void submit(event) },
    ...rows.map((row) => row.element),
    summary,
    button,
  );

  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    if (button.getAttribute('aria-disabled') === 'true') return;
    fill(summary);
    if (showErrors(rows.map((row) => [row, ownComplaint(row)]))) return;
    setBusy(true);
    try {
      await options.onSubmit(readValues(rows));
    } catch (error) {
      if (!(error instanceof SessionEndedError)) showFailure(error);
    } finally {
      setBusy(false);
    }
  }

  function showFailure(error: unknown): void {
    const complaints = new Map<string, string>();
    const others: string[] = [];
    if (error instanceof ApiError) {
      const about = options.fieldOfCode?.[error.code];
      if (about !== undefined) complaints.set(about, error.message);
      for (const { pointer, detail } of error.fields) {
        const names = pointer.split('/').slice(1);
        const row = rows.find(({ field }) => names.includes(field.name));
        if (!row) others.push(`${names.join(' ')} ${detail}`.trim());
        else if (!complaints.has(row.field.name)) {
          complaints.set(row.field.name, sentence(row.field.label, detail));
        }
      }
    }
    const shown = showErrors(rows.map((row) => [row, complaints.get(row.field.name)]));
    const help = error instanceof ApiError ? options.helpWith?.[error.code]?.() : undefined;
    if (shown && others.length === 0 && !help) return;
    fill(
      summary,
      !shown && h('p', {}, explain(error)),
      others.length > 0 && h('p', {}, others.join('; ')),
      help && h('p', {}, help),
    );
    if (!shown) summary.focus();
  }

  function setBusy(busy: boolean): void {
    // Not `disabled`: the button keeps the focus while it waits.
    button.setAttribute('aria-disabled', String(busy));
    button.classList.toggle('busy', busy);
  }

  return element;
}

/** Whether any was shown; the first takes the focus. */
function showErrors(complaints: readonly (readonly [Row, string | undefined])[]): boolean {
  for (const [row, text] of complaints) row.showError(text);
  const first = complaints.find(([, text]) => text !== undefined);
  first?.[0].control.focus();
  return first !== undefined;
}

/** What is wrong before anything is sent: only what needs no knowledge of the API's rules. */
function ownComplaint({ field, control, value }: Row): string | undefined {
  if (value() === '') {
    if (field.optional) return undefined;
    return field.kind === 'checks' ? 'Choose at least one.' : `${field.label} is missing.`;
  }
  if (control.validity.typeMismatch) {
    return `${field.label} is not ${field.kind === 'url' ? 'a web address' : 'an email address'}.`;
  }
  if (field.kind === 'new-password' && codePoints(value()) < 8) {
    return `${field.label} has fewer than 8 characters.`;
  }
  return undefined;
}

const codePoints = (text: string) => [...text.normalize('NFC')].length;

/** The API says predicates, such as `is not an email address`; zod's own messages are sentences. */
function sentence(label: string, detail: string): string {
  const text = /^[a-z]/.test(detail) ? `${label} ${detail}` : `${label}: ${detail}`;
  return text.endsWith('.') ? text : `${text}.`;
}

function readValues(rows: readonly Row[]): Record<string, string> {
  const filled = rows.filter((row) => row.value() !== '');
  return Object.fromEntries(filled.map((row) => [row.field.name, row.value()]));
}

function makeRow(field: Field): Row {
  if (field.kind === 'checks') return makeChecks(field);
  const id = uniqueId(field.name);
  const noteId = `${id}-note`;
  const control = makeControl(field, id, noteId);
  const note = h('p', { class: 'note', id: noteId, 'aria-live': 'polite' }, field.hint);
  const isSecret = ['new-password', 'current-password', 'secret'].includes(field.kind);
  const element = h(
    'div',
    { class: 'field' },
    h(
      'label',
      { for: id },
      field.label,
      field.optional && h('span', { class: 'optional' }, ' (optional)'),
    ),
    isSecret
      ? h('div', { class: 'with-button' }, control, revealButton(field.label, control))
      : control,
    note,
  );
  return {
    field,
    control,
    element,
    value: () => control.value,
    showError(text) {
      element.classList.toggle('wrong', text !== undefined);
      if (text === undefined) control.removeAttribute('aria-invalid');
      else control.setAttribute('aria-invalid', 'true');
      fill(note, text ?? field.hint);
    },
  };
}

function makeChecks(field: Field): Row {
  const noteId = `${uniqueId(field.name)}-note`;
  const note = h('p', { class: 'note', id: noteId, 'aria-live': 'polite' }, field.hint);
  const chosen = field.value?.split(' ') ?? [];
  const boxes = (field.choices ?? []).map(([value, text, meaning]) => {
    const id = uniqueId(field.name);
    const box = h('input', {
      id,
      type: 'checkbox',
      name: field.name,
      value,
      checked: chosen.includes(value),
      'aria-describedby': meaning !== undefined && `${id}-meaning`,
    });
    const words = h(
      'div',
      {},
      h('label', { for: id }, text),
      meaning !== undefined && h('p', { id: `${id}-meaning` }, meaning),
    );
    return { box, element: h('div', { class: 'check' }, box, words) };
  });
  const [first] = boxes;
  if (!first) throw new Error(`${field.name} has no choices`);
  const element = h(
    'fieldset',
    { class: 'field', 'aria-describedby': noteId },
    h('legend', {}, field.label),
    boxes.map((each) => each.element),
    note,
  );
  return {
    field,
    control: first.box,
    element,
    value: () =>
      boxes
        .filter(({ box }) => box.checked)
        .map(({ box }) => box.value)
        .join(' '),
    showError(text) {
      element.classList.toggle('wrong', text !== undefined);
      fill(note, text ?? field.hint);
    },
  };
}

function makeControl(field: Field, id: string, noteId: string): Control {
  const common = {
    id,
    name: field.name,
    'aria-describedby': noteId,
    required: !field.optional,
    autocomplete: field.autocomplete,
  };
  if (field.kind === 'select') {
    const choices = field.choices ?? [];
    return h(
      'select',
      common,
      ...choices.map(([value, text]) =>
        h('option', { value, selected: value === field.value }, text),
      ),
    );
  }
  const isPassword = field.kind === 'new-password' || field.kind === 'current-password';
  return h('input', {
    ...common,
    type: isPassword || field.kind === 'secret' ? 'password' : field.kind,
    value: field.value,
    maxlength: field.maxLength,
    ...(isPassword && { autocomplete: field.kind }),
    ...(field.kind === 'secret' && { autocomplete: 'off' }),
    ...(field.kind !== 'text' && { autocapitalize: 'none', spellcheck: 'false' }),
  });
}

function revealButton(label: string, control: Control): HTMLButtonElement {
  const button = h(
    'button',
    { type: 'button', class: 'reveal', 'aria-pressed': 'false', 'aria-label': `Show ${label}` },
    'Show',
  );
  button.addEventListener('click', () => {
    const shown = button.getAttribute('aria-pressed') === 'true';
    control.setAttribute('type', shown ? 'password' : 'text');
    button.setAttribute('aria-pressed', String(!shown));
    fill(button, shown ? 'Show' : 'Hide');
  });
  return button;
}

/** The way from a form to the one for people who have an account. */
export function signInInstead(): Child {
  return ['Is it yours? ', link('/', 'Sign in'), '.'];
}
