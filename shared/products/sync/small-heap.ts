import { setFlagsFromString } from 'node:v8';

/**
 * Lets V8 collect garbage early instead of letting the heap grow: what a sync needs is small and
 * lasting, what it makes is large and gone with each page. For the whole process, from now on.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--optimize-for-size');
}
