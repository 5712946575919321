import { join } from 'node:path';
import {
  type ClockMemory,
  moveDate,
  newClockMemory,
  readOffset,
  writeOffset,
} from './moved-date.ts';
import { PlainError } from './plain-error.ts';
import { openStore, type Store } from './store.ts';

/** Something that is due at some moment: a schedule, an event that comes later. */
export interface Timed {
  /** When it is due next, in milliseconds of the epoch; undefined for never. */
  nextAt(): number | undefined;
  /** Does what is due, and settles when that is done. What it rejects with is reported. */
  run(): Promise<unknown>;
  /** An advance stops at the very moment at which it is due, rather than at its next step. */
  readonly isExact?: boolean;
}

/** The clock was to be moved in a way that it cannot. */
export class ClockError extends PlainError {}

/** The furthest that one advance goes: about ten years. */
export const maxAdvanceSeconds = 3650 * 24 * 60 * 60;

const hourMs = 60 * 60 * 1000;
const maxSteps = 200;
/** The longest that a timer waits. */
const maxTimerMs = 2 ** 31 - 1;

/** Of this process and its workers: clouds that run in one process have one time, the latest of theirs. */
const memory = newClockMemory();
const running = new Set<Clock>();
let restoreDate: (() => void) | undefined;

/** Moves the time of the process, never back while a cloud runs in it. */
function moveTo(offsetMs: number): void {
  writeOffset(memory, Math.max(offsetMs, readOffset(memory)));
  if (offsetMs > 0) restoreDate ??= moveDate(memory);
}

function moveBack(): void {
  writeOffset(memory, 0);
  restoreDate?.();
  restoreDate = undefined;
}

/** What workers read the time from. */
export const clockMemory: ClockMemory = memory;

/**
 * The time of the local cloud. It goes as the machine's does and can be advanced, never set back; how
 * far it is ahead is kept in the data folder. `Date` in this process and in functions shows it.
 */
export class Clock {
  readonly #store: Store<{ offset_ms: number }>;
  readonly #onError: (error: unknown) => void;
  readonly #tasks = new Set<Task>();
  readonly #settlers = new Set<() => Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #advancing: Promise<void> = Promise.resolve();
  #isAdvancing = false;
  #isStopped = false;

  constructor(dataDir: string, onError: (error: unknown) => void = () => {}) {
    this.#store = openStore(join(dataDir, 'clock.json'), { offset_ms: 0 });
    this.#onError = onError;
    running.add(this);
    moveTo(this.#store.value.offset_ms);
  }

  /** How far the time is ahead of the machine's, in milliseconds. */
  get offsetMs(): number {
    return readOffset(memory);
  }

  /** Runs something whenever it is due. Returns what ends that. */
  add(timed: Timed): () => void {
    const task = new Task(timed, this.#onError);
    this.#tasks.add(task);
    this.#start(this.#due().filter((due) => due === task));
    return () => {
      task.isStopped = true;
      this.#tasks.delete(task);
      this.rearm();
    };
  }

  /** Runs some work at a rate, the first time after one interval. Never twice at a time. */
  every(everyMs: number, work: () => Promise<unknown>): () => void {
    let nextAt = Date.now() + everyMs;
    return this.add({
      nextAt: () => nextAt,
      run: () => {
        nextAt = Math.max(
          nextAt,
          nextAt + Math.ceil((Date.now() - nextAt + 1) / everyMs) * everyMs,
        );
        return work();
      },
    });
  }

  /** After each step of an advance this is waited for: queues that are still worked on. */
  onStep(settle: () => Promise<void>): () => void {
    this.#settlers.add(settle);
    return () => this.#settlers.delete(settle);
  }

  /** Looks again at what is due when. To be called when a `nextAt` has become earlier. */
  rearm(): void {
    clearTimeout(this.#timer);
    if (this.#isStopped || this.#isAdvancing) return;
    const next = this.#nextAt([...this.#tasks].filter(({ isRunning }) => !isRunning));
    if (next === undefined) return;
    const delay = Math.min(Math.max(0, next - Date.now()), maxTimerMs);
    this.#timer = setTimeout(() => this.#start(this.#due()), delay).unref();
  }

  #start(tasks: readonly Task[]): void {
    for (const task of tasks) task.run().finally(() => this.rearm());
    this.rearm();
  }

  /**
   * Advances the time in steps of an hour, or of a 200th where that is more. At each step all that has
   * come due runs once and is waited for. Advances wait for one another. Rejects with ClockError.
   */
  async advance(seconds: number): Promise<Date> {
    if (!(seconds > 0))
      throw new ClockError(
        'The clock only goes forward: advance_seconds must be more than 0. To start over, delete the data folder.',
      );
    if (seconds > maxAdvanceSeconds)
      throw new ClockError(`The clock advances at most ${maxAdvanceSeconds} seconds at a time.`);
    const advanced = this.#advancing.then(() => this.#advance(Math.round(seconds * 1000)));
    this.#advancing = advanced.catch(() => undefined);
    await advanced;
    return new Date();
  }

  async #advance(ms: number): Promise<void> {
    const longest = Math.max(hourMs, ms / maxSteps);
    this.#isAdvancing = true;
    clearTimeout(this.#timer);
    try {
      await this.#runDue(true);
      for (let left = ms; left > 0 && !this.#isStopped; ) {
        const exact = [...this.#tasks].filter(({ isExact }) => isExact);
        const wait = (this.#nextAt(exact) ?? Number.POSITIVE_INFINITY) - Date.now();
        const step = Math.ceil(Math.min(left, longest, wait > 0 ? wait : longest));
        left -= step;
        moveTo(this.offsetMs + step);
        this.#store.value.offset_ms = this.offsetMs;
        this.#store.save();
        // What comes from outside is there before the schedules look.
        await this.#runDue(true);
        await this.#runDue(false);
      }
    } finally {
      this.#isAdvancing = false;
      this.rearm();
    }
  }

  async #runDue(isExact: boolean): Promise<void> {
    const due = this.#due().filter((task) => task.isExact === isExact);
    await Promise.all(due.map((task) => task.run()));
    await Promise.all([...this.#settlers].map((settle) => settle()));
  }

  #due(): Task[] {
    const now = Date.now();
    return [...this.#tasks].filter((task) => (task.nextAt() ?? Number.POSITIVE_INFINITY) <= now);
  }

  #nextAt(tasks: readonly Task[]): number | undefined {
    const moments = tasks.flatMap((task) => task.nextAt() ?? []);
    return moments.length > 0 ? Math.min(...moments) : undefined;
  }

  /** The process shows its machine's time again, unless another cloud runs in it. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    running.delete(this);
    if (running.size === 0) moveBack();
  }
}

/** What is due, and a run of it that is under way. */
class Task {
  isStopped = false;
  readonly isExact: boolean;
  readonly #timed: Timed;
  readonly #onError: (error: unknown) => void;
  #running: Promise<void> | undefined;

  constructor(timed: Timed, onError: (error: unknown) => void) {
    this.#timed = timed;
    this.#onError = onError;
    this.isExact = timed.isExact ?? false;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  nextAt(): number | undefined {
    return this.#timed.nextAt();
  }

  /** Waits for a run that is under way; then runs if that is still due. */
  async run(): Promise<void> {
    if (this.#running) await this.#running;
    const nextAt = this.nextAt();
    if (this.isStopped || nextAt === undefined || nextAt > Date.now()) return;
    this.#running = this.#timed
      .run()
      .catch((error: unknown) => this.isStopped || this.#onError(error))
      .then(() => {
        this.#running = undefined;
      });
    await this.#running;
  }
}
