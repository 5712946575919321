import type { ChannelCall } from './adapter.ts';

/**
 * Both of what `start` begins with the call that it is given. When one fails, the requests of the
 * other are cut off, and both are over when this throws: nothing of a step that failed runs on in a
 * frozen function.
 */
export async function together<A, B>(
  call: ChannelCall,
  start: (call: ChannelCall) => [Promise<A>, Promise<B>],
): Promise<[A, B]> {
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
