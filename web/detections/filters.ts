import { fill, h, uniqueId } from '../dom.ts';
import type { ApiError } from '../problem.ts';
import type { DetectionQuery } from './calls.ts';

export interface FilterBar {
  readonly element: HTMLElement;
  /** What is wrong with the filters, to stand below them. */
  readonly problem: HTMLElement;
  /** The filters as last applied. */
  query(): DetectionQuery;
  /** Shows what the API refused about them; false if the error is about something else. */
  showErrors(error: ApiError): boolean;
}

/** Filters by label and least probability, in force once they are applied. */
export function filterBar(onApply: () => void): FilterBar {
  const labelId = uniqueId('label');
  const probabilityId = uniqueId('probability');
  const label = h('input', {
    id: labelId,
    type: 'search',
    maxlength: 64,
    placeholder: 'Any',
    autocomplete: 'off',
    spellcheck: 'false',
  });
  const probability = h('input', {
    id: probabilityId,
    type: 'number',
    min: 0,
    max: 100,
    step: 'any',
    placeholder: '0',
    inputmode: 'decimal',
  });
  const problem = h('p', { class: 'form-error', role: 'alert' });
  const clear = h(
    'button',
    { type: 'button', class: 'quiet', hidden: true, onclick: reset },
    'Clear',
  );
  let applied: DetectionQuery = {};

  function apply(event: Event): void {
    event.preventDefault();
    fill(problem);
    const percentage = probability.valueAsNumber;
    if (probability.validity.badInput || percentage < 0 || percentage > 100) {
      fill(problem, 'The probability is a percentage from 0 to 100.');
      probability.focus();
      return;
    }
    applied = {
      ...(label.value.trim() !== '' && { label: label.value.trim() }),
      ...(Number.isFinite(percentage) && { min_probability: percentage / 100 }),
    };
    clear.hidden = Object.keys(applied).length === 0;
    onApply();
  }

  function reset(): void {
    element.reset();
    fill(problem);
    applied = {};
    clear.hidden = true;
    label.focus();
    onApply();
  }

  const element = h(
    'form',
    {
      class: 'filters',
      novalidate: true,
      role: 'search',
      'aria-label': 'Filter detections',
      onsubmit: apply,
    },
    h('div', { class: 'filter' }, h('label', { for: labelId }, 'Label'), label),
    h(
      'div',
      { class: 'filter narrow' },
      h('label', { for: probabilityId }, 'At least, %'),
      probability,
    ),
    h('div', { class: 'actions' }, h('button', { type: 'submit' }, 'Apply'), clear),
  );

  return {
    element,
    problem,
    query: () => applied,
    showErrors(error) {
      const [first] = error.fields;
      if (!first) return false;
      const isLabel = first.pointer === '/label';
      fill(problem, `${isLabel ? 'The label' : 'The filter'} ${first.detail}.`);
      (isLabel ? label : probability).focus();
      return true;
    },
  };
}
