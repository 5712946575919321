const buckets = 1 << 16;

/**
 * Finds the texts that contain a term without looking at all of them: for each three characters of
 * a text, hashed into buckets, a list of the texts that have them. Flat arrays: four bytes for each
 * distinct trigram of a text.
 */
export class SearchIndex {
  readonly #texts: readonly string[];
  /** Where the list of a bucket begins in `#postings`. */
  readonly #starts = new Uint32Array(buckets + 1);
  readonly #postings: Uint32Array;

  constructor(texts: readonly string[]) {
    this.#texts = texts;
    const lastText = new Int32Array(buckets).fill(-1);
    const counts = new Uint32Array(buckets);
    eachTrigram(texts, lastText, (bucket) => {
      counts[bucket] = (counts[bucket] ?? 0) + 1;
    });
    let total = 0;
    for (let bucket = 0; bucket < buckets; bucket += 1) {
      this.#starts[bucket] = total;
      total += counts[bucket] ?? 0;
    }
    this.#starts[buckets] = total;

    this.#postings = new Uint32Array(total);
    const next = this.#starts.slice();
    lastText.fill(-1);
    eachTrigram(texts, lastText, (bucket, text) => {
      const place = next[bucket] ?? 0;
      this.#postings[place] = text;
      next[bucket] = place + 1;
    });
  }

  /** Numbers of the texts that contain the term, ascending. */
  find(term: string): number[] {
    const found: number[] = [];
    const candidates = this.#rarest(term);
    const count = candidates?.length ?? this.#texts.length;
    for (let place = 0; place < count; place += 1) {
      const text = candidates ? (candidates[place] ?? 0) : place;
      if (this.#texts[text]?.includes(term)) found.push(text);
    }
    return found;
  }

  /** The shortest list of texts that have a trigram of the term; undefined for a term too short to have one. */
  #rarest(term: string): Uint32Array | undefined {
    let rarest: Uint32Array | undefined;
    for (let place = 0; place + 3 <= term.length; place += 1) {
      const bucket = bucketOf(term, place);
      const list = this.#postings.subarray(this.#starts[bucket], this.#starts[bucket + 1]);
      if (!rarest || list.length < rarest.length) rarest = list;
    }
    return rarest;
  }
}

function bucketOf(text: string, place: number): number {
  const mixed =
    Math.imul(text.charCodeAt(place), 0x9e3779b1) ^
    Math.imul(text.charCodeAt(place + 1), 0x85ebca77) ^
    Math.imul(text.charCodeAt(place + 2), 0xc2b2ae3d);
  return (mixed ^ (mixed >>> 15)) & (buckets - 1);
}

/** Calls back once for each text and bucket that it has a trigram in. */
function eachTrigram(
  texts: readonly string[],
  lastText: Int32Array,
  found: (bucket: number, text: number) => void,
): void {
  texts.forEach((text, number) => {
    for (let place = 0; place + 3 <= text.length; place += 1) {
      const bucket = bucketOf(text, place);
      if (lastText[bucket] === number) continue;
      lastText[bucket] = number;
      found(bucket, number);
    }
  });
}
