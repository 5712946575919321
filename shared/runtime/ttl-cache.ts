/** A change must be visible in every container within a minute: values are kept for half of that. */
const defaultMaxAgeMs = 30_000;
const defaultMaxWeight = 1000;

interface Entry<T> {
  readonly value: T;
  readonly weight: number;
  readonly untilMs: number;
}

/**
 * Values by key, each for 30 seconds, 1,000 of them at most: the one set longest ago is dropped
 * first. Keys of tenant data start with the tenant. A longer age is for values that cannot become
 * wrong, or that only the cost of a request depends on.
 */
export class TtlCache<T> {
  readonly #maxAgeMs: number;
  readonly #maxWeight: number;
  readonly #entries = new Map<string, Entry<T>>();
  #weight = 0;

  constructor({ maxAgeMs = defaultMaxAgeMs, maxWeight = defaultMaxWeight } = {}) {
    this.#maxAgeMs = maxAgeMs;
    this.#maxWeight = maxWeight;
  }

  get(key: string): T | undefined {
    const entry = this.#entries.get(key);
    return entry && entry.untilMs > Date.now() ? entry.value : undefined;
  }

  /** Keeps the value as the newest, even when it alone is over the maximum weight. */
  set(key: string, value: T, weight = 1): void {
    this.delete(key);
    this.#entries.set(key, { value, weight, untilMs: Date.now() + this.#maxAgeMs });
    this.#weight += weight;
    for (const oldest of this.#entries.keys()) {
      if (this.#weight <= this.#maxWeight || oldest === key) return;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    this.#weight -= this.#entries.get(key)?.weight ?? 0;
    this.#entries.delete(key);
  }
}
