import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { poll } from '../../../web/app/polling.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** When each look came, in milliseconds from the start. */
async function looksWithin(ms: number, outcome: (look: number) => 'done' | 'moved' | 'still') {
  const start = Date.now();
  const looks: number[] = [];
  const leaving = new AbortController();
  const polling = poll(
    async () => {
      looks.push(Date.now() - start);
      return outcome(looks.length);
    },
    { signal: leaving.signal, firstPauseMs: 1000 },
  );
  await vi.advanceTimersByTimeAsync(ms);
  leaving.abort();
  await polling;
  return looks;
}

describe('poll', () => {
  test('waits half as long again each time, up to ten seconds', async () => {
    const looks = await looksWithin(60_000, () => 'still');

    const pauses = looks.slice(1).map((at, index) => at - (looks[index] ?? 0));
    expect(pauses.slice(0, 3)).toEqual([1500, 2250, 3375]);
    expect(Math.max(...pauses)).toBe(10_000);
  });

  test('starts anew when something has moved', async () => {
    expect(await looksWithin(4000, () => 'moved')).toEqual([0, 1000, 2000, 3000, 4000]);
  });

  test('ends when it is done', async () => {
    const looks = await looksWithin(60_000, (look) => (look === 2 ? 'done' : 'still'));

    expect(looks).toHaveLength(2);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('ends without a timer when the page is left', async () => {
    await looksWithin(10, () => 'still');

    expect(vi.getTimerCount()).toBe(0);
  });

  test('throws what the look throws', async () => {
    const polling = poll(() => Promise.reject(new Error('no answer')), {
      signal: new AbortController().signal,
    });

    await expect(polling).rejects.toThrow('no answer');
  });
});
