import type { ChannelCall } from './adapter.ts';

/**
 * All of what `start` begins with the call that it is given. When one fails, the requests of the
 * others are cut off, and all are over when this throws: nothing of a step that failed runs on in a
 * frozen function.
 */
export async function allOrAbort<T extends readonly Promise<unknown>[]>(
  call: ChannelCall,
  start: (call: ChannelCall) => readonly [...T],
): Promise<{ -readonly [P in keyof T]: Awaited<T[P]> }> {
  const stop = new AbortController();
  const running = start({
    ...call,
    send: (request, read) => call.send({ ...request, signal: stop.signal }, read),
  });
  try {
    return await Promise.all(running);
  } catch (error) {
    stop.abort();
    await Promise.allSettled(running);
    throw error;
  }
}
