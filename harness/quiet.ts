/**
 * Gives to Vitest what a test file writes past its console: Powertools has consoles of its own, on
 * the streams of the process. Vitest shows it with the test that failed, and not at all otherwise.
 */
for (const [name, log] of [
  ['stdout', console.log.bind(console)],
  ['stderr', console.error.bind(console)],
] as const) {
  process[name].write = (chunk: string | Uint8Array, ...rest: unknown[]) => {
    const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
    log(text.replace(/\n$/, ''));
    const written = rest.at(-1);
    if (typeof written === 'function') queueMicrotask(() => written());
    return true;
  };
}
