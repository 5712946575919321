import { ChannelError } from '../../channels/adapter.ts';
import { bytesOf, maxSegmentBytes, type SegmentRef, writeSegment } from '../catalogue/segments.ts';
import type { Row } from '../product.ts';
import { LostLease } from './lease.ts';
import type { SyncPosition } from './position.ts';

/** A segment this large is closed, so that it is not written again with every page. */
const closedSegmentBytes = 128_000;

/** Segments of a packed catalogue are numbered from here on, above all staged ones. */
export const firstPacked = 20_000;

/** The segments that a run has staged. */
export function stagedRefs({ run_id, progress }: SyncPosition): SegmentRef[] {
  return progress.staged.map((rows, number) => ({ run: run_id, number, rows }));
}

/** Writes a segment of a run. Throws LostLease when a later holder has written it. */
export async function writeRunSegment(
  tenantId: string,
  { run_id: run, lease }: SyncPosition,
  { number, rows }: { number: number; rows: readonly Row[] },
): Promise<void> {
  const isWritten = await writeSegment(tenantId, { run, number }, rows, lease.fence);
  if (!isWritten) throw new LostLease();
}

/** The rows that a run adds, on their way into its segments: one segment is open at a time. */
export class Staging {
  readonly #position: SyncPosition;
  #open: { rows: Row[]; bytes: number };
  #full: { number: number; rows: Row[] }[] = [];
  #isOpenDurable = true;

  /** `open` has the rows of the run's last segment, if more may be added to it. */
  constructor(position: SyncPosition, open: readonly Row[]) {
    this.#position = position;
    const bytes = open.reduce((sum, row) => sum + bytesOf(row), 0);
    this.#open = { rows: [...open], bytes };
  }

  /** Adds a row and returns the number of its segment among those of the run. */
  add(row: Row): number {
    const { staged } = this.#position.progress;
    const bytes = bytesOf(row);
    if (bytes > maxSegmentBytes)
      throw new ChannelError('malformed', 'A product has more text than can be stored.');
    if (this.#open.bytes + bytes > maxSegmentBytes) this.close();
    if (this.#open.rows.length === 0) staged.push(0);
    this.#open.rows.push(row);
    this.#open.bytes += bytes;
    this.#isOpenDurable = false;
    staged[staged.length - 1] = this.#open.rows.length;
    return staged.length - 1;
  }

  /** The next row begins a segment. */
  close(): void {
    if (!this.#isOpenDurable) this.#full.push(this.#openSegment());
    this.#reset();
  }

  /** Keeps the first segments of the run only. Returns whether there were others. */
  dropAfter(count: number): boolean {
    const { progress } = this.#position;
    const hasOthers = progress.staged.length > count;
    progress.staged = progress.staged.slice(0, count);
    this.#full = [];
    this.#reset();
    return hasOthers;
  }

  /** Writes what is not durable yet. Throws LostLease. */
  async write(tenantId: string): Promise<void> {
    if (this.#open.bytes >= closedSegmentBytes) this.close();
    const open = this.#isOpenDurable ? [] : [this.#openSegment()];
    for (const segment of [...this.#full, ...open])
      await writeRunSegment(tenantId, this.#position, segment);
    this.#full = [];
    this.#isOpenDurable = true;
  }

  #openSegment() {
    return { number: this.#position.progress.staged.length - 1, rows: this.#open.rows };
  }

  #reset(): void {
    this.#open = { rows: [], bytes: 0 };
    this.#isOpenDurable = true;
  }
}
