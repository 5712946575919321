import { fill, h, uniqueId } from '../components/dom.ts';
import { type Listing, type Shown, usualListing } from './listing.ts';

/** Pause in typing before the list is asked for. */
const restMs = 300;

export type Narrowing = Pick<Listing, 'search' | 'show' | 'min' | 'max'>;

const shownWords: readonly (readonly [Shown, string])[] = [
  ['listed', 'Listed products'],
  ['low', 'Low stock, below 10'],
  ['missing', 'No longer listed'],
  ['all', 'All of them'],
];

export interface ProductFilters {
  readonly element: HTMLElement;
  readonly problem: HTMLElement;
  /** Shows a listing that came from elsewhere, such as a link. */
  set(narrowing: Narrowing): void;
  dispose(): void;
}

/** Search and filters of products, in force while they are typed. */
export function productFilters(
  initial: Narrowing,
  onChange: (narrowing: Narrowing) => void,
): ProductFilters {
  const ids = {
    search: uniqueId('search'),
    show: uniqueId('show'),
    min: uniqueId('min'),
    max: uniqueId('max'),
  };
  const search = h('input', {
    id: ids.search,
    type: 'search',
    maxlength: 200,
    placeholder: 'Name or article',
    autocomplete: 'off',
    spellcheck: 'false',
    oninput: changeSoon,
  });
  const show = h(
    'select',
    { id: ids.show, onchange: change },
    shownWords.map(([value, text]) => h('option', { value }, text)),
  );
  const min = stockInput(ids.min, '0');
  const max = stockInput(ids.max, 'Any');
  const problem = h('p', { class: 'form-error', role: 'alert' });
  const clear = h('button', { type: 'button', class: 'quiet', onclick: reset }, 'Clear');
  let timer: ReturnType<typeof setTimeout> | undefined;

  function stockInput(id: string, placeholder: string): HTMLInputElement {
    return h('input', {
      id,
      type: 'number',
      min: 0,
      max: 999_999_999,
      step: 1,
      inputmode: 'numeric',
      placeholder,
      oninput: changeSoon,
    });
  }

  function changeSoon(): void {
    clearTimeout(timer);
    timer = setTimeout(change, restMs);
  }

  function change(): void {
    clearTimeout(timer);
    const wanted = read();
    fill(problem);
    const isUpsideDown = (wanted.min ?? 0) > (wanted.max ?? Number.POSITIVE_INFINITY);
    if (!min.validity.valid || !max.validity.valid) {
      fill(problem, 'Stock is a whole number from 0 on.');
    } else if (isUpsideDown) {
      fill(problem, 'The least stock is more than the most.');
    } else {
      showState(wanted);
      onChange(wanted);
    }
  }

  function read(): Narrowing {
    const isLow = show.value === 'low';
    return {
      search: search.value.trim(),
      show: shownWords.find(([value]) => value === show.value)?.[0] ?? usualListing.show,
      min: isLow || min.value === '' ? undefined : min.valueAsNumber,
      max: isLow || max.value === '' ? undefined : max.valueAsNumber,
    };
  }

  function set(narrowing: Narrowing): void {
    search.value = narrowing.search;
    show.value = narrowing.show;
    min.value = narrowing.min === undefined ? '' : String(narrowing.min);
    max.value = narrowing.max === undefined ? '' : String(narrowing.max);
    fill(problem);
    showState(narrowing);
  }

  function showState({ search: text, show: shown, min: least, max: most }: Narrowing): void {
    min.disabled = shown === 'low';
    max.disabled = shown === 'low';
    const isUsual =
      text === '' && shown === usualListing.show && least === undefined && most === undefined;
    clear.hidden = isUsual;
  }

  function reset(): void {
    set(usualListing);
    search.focus();
    onChange(read());
  }

  const element = h(
    'form',
    {
      class: 'filters',
      novalidate: true,
      role: 'search',
      'aria-label': 'Filter products',
      onsubmit: (event: Event) => {
        event.preventDefault();
        change();
      },
    },
    h('div', { class: 'filter search wide' }, h('label', { for: ids.search }, 'Search'), search),
    h('div', { class: 'filter wide' }, h('label', { for: ids.show }, 'Show'), show),
    h('div', { class: 'filter tiny' }, h('label', { for: ids.min }, 'Stock from'), min),
    h('div', { class: 'filter tiny' }, h('label', { for: ids.max }, 'Stock up to'), max),
    h('div', { class: 'actions' }, clear),
  );

  set(initial);
  return { element, problem, set, dispose: () => clearTimeout(timer) };
}
