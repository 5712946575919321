/** How far the clock is ahead, in milliseconds: shared by all threads that have the memory. */
export type ClockMemory = SharedArrayBuffer;

export function newClockMemory(): ClockMemory {
  return new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT);
}

/** How far the clock is ahead, in milliseconds. */
export function readOffset(memory: ClockMemory): number {
  return Number(Atomics.load(new BigInt64Array(memory), 0));
}

export function writeOffset(memory: ClockMemory, offsetMs: number): void {
  Atomics.store(new BigInt64Array(memory), 0, BigInt(offsetMs));
}

/**
 * Makes `Date` of this thread show the time that the memory says, now and whenever that changes.
 * Returns what makes it show the machine's time again.
 */
export function moveDate(memory: ClockMemory): () => void {
  const RealDate = globalThis.Date;
  const realNow = RealDate.now;
  const cells = new BigInt64Array(memory);
  const now = () => realNow() + Number(Atomics.load(cells, 0));
  const Moved = new Proxy(RealDate, {
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
    apply: () => new RealDate(now()).toString(),
  });
  RealDate.now = now;
  globalThis.Date = Moved;
  return () => {
    RealDate.now = realNow;
    if (globalThis.Date === Moved) globalThis.Date = RealDate;
  };
}
