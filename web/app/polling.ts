const maxPauseMs = 10_000;

/**
 * Looks again and again until `look` is true, each time after half as long again, from `firstPauseMs`
 * up to 10 seconds. Whenever `look` says that something has moved, it starts from the first pause.
 * Ends silently when the signal aborts; throws what `look` throws.
 */
export async function poll(
  look: () => Promise<'done' | 'moved' | 'still'>,
  { signal, firstPauseMs = 700 }: { signal: AbortSignal; firstPauseMs?: number },
): Promise<void> {
  let pauseMs = firstPauseMs;
  while (!signal.aborted) {
    const outcome = await look();
    if (outcome === 'done') return;
    pauseMs = outcome === 'moved' ? firstPauseMs : Math.min(pauseMs * 1.5, maxPauseMs);
    await pause(pauseMs, signal);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}
