import type { ApiError } from '../app/problem.ts';
import { fill, h, uniqueId } from '../components/dom.ts';
import type { DetectionFilters } from './read.ts';

export interface FilterBar {
  readonly element: HTMLElement;
  /** What is wrong with the filters, to stand below them. */
  readonly problem: HTMLElement;
  /** The filters as last applied. */
  query(): DetectionFilters;
  /** Puts filters in force that were chosen elsewhere, beside those that are. */
  add(filters: Pick<DetectionFilters, 'label' | 'source_ip'>): void;
  /** Shows what the API refused about them; false if the error is about something else. */
  showErrors(error: ApiError): boolean;
}

const textInput = { type: 'search', placeholder: 'Any', autocomplete: 'off', spellcheck: 'false' };
const names: Readonly<Record<string, string>> = { label: 'The label', source_ip: 'The source IP' };

/** Filters by label, probability, source and day, in force once they are applied. */
export function filterBar(onApply: () => void): FilterBar {
  const label = h('input', { id: uniqueId('label'), maxlength: 64, ...textInput });
  const source = h('input', { id: uniqueId('source'), maxlength: 45, ...textInput });
  const probability = h('input', {
    id: uniqueId('probability'),
    type: 'number',
    min: 0,
    max: 100,
    step: 'any',
    placeholder: '0',
    inputmode: 'decimal',
  });
  const from = h('input', { id: uniqueId('from'), type: 'date' });
  const to = h('input', { id: uniqueId('to'), type: 'date' });
  const problem = h('p', { class: 'form-error', role: 'alert' });
  const clear = h(
    'button',
    { type: 'button', class: 'quiet', hidden: true, onclick: reset },
    'Clear',
  );
  let applied: DetectionFilters = {};

  function submit(event: Event): void {
    event.preventDefault();
    apply();
  }

  function apply(): void {
    fill(problem);
    const percentage = probability.valueAsNumber;
    if (probability.validity.badInput || percentage < 0 || percentage > 100) {
      complain('The probability is a percentage from 0 to 100.', probability);
      return;
    }
    if (from.value !== '' && to.value !== '' && from.value > to.value) {
      complain('The first day lies after the last.', from);
      return;
    }
    applied = {
      ...(label.value.trim() !== '' && { label: label.value.trim() }),
      ...(Number.isFinite(percentage) && { min_probability: percentage / 100 }),
      ...(source.value.trim() !== '' && { source_ip: source.value.trim() }),
      ...(from.value !== '' && { from: startOfDay(from.value) }),
      ...(to.value !== '' && { to: startOfDay(to.value, 1) }),
    };
    clear.hidden = Object.keys(applied).length === 0;
    onApply();
  }

  function complain(text: string, input: HTMLInputElement): void {
    fill(problem, text);
    input.focus();
  }

  function reset(): void {
    element.reset();
    fill(problem);
    applied = {};
    clear.hidden = true;
    label.focus();
    onApply();
  }

  const filter = (text: string, input: HTMLInputElement, width = '') =>
    h('div', { class: `filter ${width}` }, h('label', { for: input.id }, text), input);
  const element = h(
    'form',
    {
      class: 'filters',
      novalidate: true,
      role: 'search',
      'aria-label': 'Filter detections',
      onsubmit: submit,
    },
    filter('Label', label),
    filter('At least, %', probability, 'tiny'),
    filter('Source IP', source),
    filter('From', from, 'narrow'),
    filter('To', to, 'narrow'),
    h('div', { class: 'actions' }, h('button', { type: 'submit' }, 'Apply'), clear),
  );

  return {
    element,
    problem,
    query: () => applied,
    add(filters) {
      if (filters.label !== undefined) label.value = filters.label;
      if (filters.source_ip !== undefined) source.value = filters.source_ip;
      apply();
    },
    showErrors(error) {
      const [first] = error.fields;
      if (!first) return false;
      const name = first.pointer.slice(1);
      const input = { label, source_ip: source, from, to }[name] ?? probability;
      complain(`${names[name] ?? 'The filter'} ${first.detail}.`, input);
      return true;
    },
  };
}

/** The moment at which a day begins in the reader's own time zone, or one some days later. */
function startOfDay(day: string, later = 0): string {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  return new Date(year, month - 1, date + later).toISOString();
}
