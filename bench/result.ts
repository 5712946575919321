/** One measured figure beside its limit. Every target here is the largest value that holds. */
export interface Result {
  name: string;
  value: number;
  unit: string;
  target: number;
  holds: boolean;
  /** What the figure is made of, or why it misses. Printed, not kept. */
  note: string;
}

/**
 * Rounds the value to what a reader can use and says whether it holds. `ifMissed` is what is known
 * of the reason, for the case that it does not.
 */
export function result(
  name: string,
  value: number,
  unit: string,
  target: number,
  note: string,
  ifMissed?: string,
): Result {
  const holds = value <= target;
  return {
    name,
    value: Number(value.toPrecision(4)),
    unit,
    target,
    holds,
    note: holds || !ifMissed ? note : `${note} (${ifMissed})`,
  };
}

/** What the command line asks of a benchmark beyond its figures, and what takes it. */
export interface Extras {
  /** Arguments after the names, without their dashes: `functions`, `inputs=auth/login`. */
  readonly options: readonly string[];
  /** Prints a text beside the progress. */
  readonly print: (text: string) => void;
}

/** What a benchmark does: it may tell how far it is, and returns its figures. */
export type Benchmark = (tell: (progress: string) => void, extras: Extras) => Promise<Result[]>;
