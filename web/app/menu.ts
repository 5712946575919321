import { byId } from '../components/dom.ts';

/** Lets people on narrow screens open and close what the header has: the account and the navigation. */
export function startMenu(): void {
  const button = byId('menu');
  button.addEventListener('click', () => setOpen(!isOpen()));
  document.addEventListener('keydown', ({ key }) => {
    if (key !== 'Escape' || !isOpen()) return;
    setOpen(false);
    button.focus();
  });
}

/** Offers the menu, closed, or takes it away. */
export function showMenu(isOffered: boolean): void {
  byId('menu').hidden = !isOffered;
  setOpen(false);
}

function isOpen(): boolean {
  return byId('menu').getAttribute('aria-expanded') === 'true';
}

function setOpen(open: boolean): void {
  byId('menu').setAttribute('aria-expanded', String(open));
}
