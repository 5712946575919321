import { vi } from 'vitest';

export const second = 1000;
export const minute = 60 * second;
export const hour = 60 * minute;
export const day = 24 * hour;

/** Moves the clock of the process; timers and the network go on in real time. */
export function travel(ms: number): void {
  travelTo(Date.now() + ms);
}

/** Sets the clock of the process to a moment, where it stands still. */
export function travelTo(ms: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: ms });
}

/** Stops the clock just inside a fixed window, so that no window ends in the middle of a test. */
export function freezeInWindow(windowSeconds: number): void {
  const windowMs = windowSeconds * second;
  travelTo(Date.now() - (Date.now() % windowMs) + second);
}
