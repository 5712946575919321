import { SessionEndedError } from '../app/problem.ts';
import { failure } from './components.ts';
import { type Child, fill, h } from './dom.ts';

/** A part of a page whose content comes from the API. */
export interface Part {
  readonly element: HTMLElement;
  /** Reads it again; what is shown stays until the answer is there. */
  load(): Promise<void>;
  dispose(): void;
}

/**
 * Shows a placeholder, then what `show` makes of what `read` gives, or why there is nothing, with a
 * button to try again. A newer `load`, or leaving the page, aborts an older one.
 */
export function part<T>(
  read: (signal: AbortSignal) => Promise<T>,
  show: (value: T) => Child,
  attributes: Readonly<Record<string, string>> = {},
): Part {
  const element = h('div', attributes, h('div', { class: 'skeleton' }));
  let running = new AbortController();

  async function load(): Promise<void> {
    running.abort();
    const mine = new AbortController();
    running = mine;
    element.setAttribute('aria-busy', 'true');
    try {
      const value = await read(mine.signal);
      if (!mine.signal.aborted) fill(element, show(value));
    } catch (error) {
      if (mine.signal.aborted || error instanceof SessionEndedError) return;
      fill(
        element,
        failure(error, () => void load()),
      );
    } finally {
      if (running === mine) element.removeAttribute('aria-busy');
    }
  }

  return { element, load, dispose: () => running.abort() };
}
