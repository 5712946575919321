type Value = string | number | boolean | undefined | ((event: Event) => void);
export type Child = Node | string | false | null | undefined | readonly Child[];

/**
 * Makes an element. Functions become listeners (`onclick`), everything else attributes; children
 * that are strings become text, so data can never turn into markup.
 */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, Value>> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  return equip(document.createElement(tag), attributes, children);
}

/** Makes an element of a drawing, as `h` makes one of the page. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, Value>> = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  return equip(element, attributes, children);
}

function equip<E extends Element>(
  element: E,
  attributes: Readonly<Record<string, Value>>,
  children: readonly Child[],
): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== undefined && value !== false) element.setAttribute(name, String(value));
  }
  element.append(...nodes(children));
  return element;
}

/** Replaces everything inside an element. */
export function fill(element: Element, ...children: Child[]): void {
  element.replaceChildren(...nodes(children));
}

/** The element of the static page with this id; throws if the page lacks it. */
export function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (!element) throw new Error(`The page has no element #${id}`);
  return element;
}

/** A link within the app or to another page of this site. */
export function link(href: string, text: string, attributes: Readonly<Record<string, Value>> = {}) {
  return h('a', { href, ...attributes }, text);
}

let lastId = 0;

/** An id that no other element has, for labels and descriptions. */
export function uniqueId(prefix: string): string {
  lastId += 1;
  return `${prefix}-${lastId}`;
}

function nodes(children: readonly Child[]): (Node | string)[] {
  return children.flatMap((child) => {
    if (child === undefined || child === null || child === false || child === '') return [];
    return typeof child === 'string' || child instanceof Node ? [child] : nodes(child);
  });
}
