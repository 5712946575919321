/** What a container remembers must be true again within a minute everywhere, so it is kept half of that. */
const usualMaxAgeMs = 30_000;
const maxEntries = 1000;

/**
 * Values by key, each for 30 seconds, the oldest dropped first. Keys of tenant data start with the
 * tenant. Only what nothing but the cost of a request hangs on may be kept for longer.
 */
export class TtlCache<T> {
  readonly #maxAgeMs: number;
  readonly #values = new Map<string, { value: T; untilMs: number }>();

  constructor(maxAgeMs: number = usualMaxAgeMs) {
    this.#maxAgeMs = maxAgeMs;
  }

  get(key: string): T | undefined {
    const entry = this.#values.get(key);
    return entry && entry.untilMs > Date.now() ? entry.value : undefined;
  }

  set(key: string, value: T): void {
    this.#values.delete(key);
    this.#values.set(key, { value, untilMs: Date.now() + this.#maxAgeMs });
    const oldest = this.#values.keys().next().value;
    if (this.#values.size > maxEntries && oldest !== undefined) this.#values.delete(oldest);
  }
}
