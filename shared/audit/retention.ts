const dayMs = 86_400_000;

/** Entries are kept for this long. */
export const entryKeptMs = 400 * dayMs;
/** Blocks outlast the entries in them, so that an entry in the table has its block. */
export const blockKeptMs = 430 * dayMs;

/** Seconds since the epoch when what was made at a time is deleted. */
export const ttlAfter = (madeMs: number, keptMs: number): number =>
  Math.ceil((madeMs + keptMs) / 1000);
