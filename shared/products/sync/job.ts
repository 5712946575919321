import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { ChannelError, type SellerProduct } from '../../channels/adapter.ts';
import {
  bytesOf,
  maxSegmentBytes,
  readSegment,
  readSegments,
  type SegmentRef,
  writeSegment,
} from '../catalogue/segments.ts';
import { type Manifest, readManifest } from '../catalogue/versions.ts';
import {
  contentHash,
  fromRow,
  isForgotten,
  type Marketplace,
  type Product,
  productKey,
  type Row,
  toRow,
} from '../product.ts';
import { KnownProducts, type ProductState } from './known-products.ts';
import { checkpoint, isSafelyHeld, LostLock, marketplacesRead, type SyncPosition } from './lock.ts';
import type { OpenedChannel } from './sync-ports.ts';

/** A segment that has grown to this is closed, so that it is not written again with every page. */
const closedSegmentBytes = 128_000;

/**
 * One worker's hold of a run: the durable position, what is known of each product, and the rows
 * that this run adds. In memory are flat arrays, one open segment and one page.
 */
export class SyncJob {
  readonly tenantId: string;
  readonly position: SyncPosition;
  readonly base: Manifest;
  readonly known: KnownProducts;
  /** The way to the seller's products, once it is open, and when it was last seen to be valid. */
  seller: (OpenedChannel & { marketplace: Marketplace; seenAtMs: number }) | undefined;
  /** Something that was staged has been dropped: what this job knows is no longer true. */
  isOutdated = false;
  /** Products of the base, which a sync must see or mark. */
  readonly baseSize: number;
  #seen: Uint8Array;
  #open: { rows: Row[]; bytes: number };
  #full: { number: number; rows: Row[] }[] = [];
  #isOpenDurable = true;

  private constructor(
    tenantId: string,
    position: SyncPosition,
    loaded: { base: Manifest; known: KnownProducts; baseSize: number; open: Row[] },
  ) {
    this.tenantId = tenantId;
    this.position = position;
    this.base = loaded.base;
    this.known = loaded.known;
    this.baseSize = loaded.baseSize;
    const bytes = loaded.open.reduce((sum, row) => sum + bytesOf(row), 0);
    this.#open = { rows: loaded.open, bytes };
    this.#seen = position.seen
      ? new Uint8Array(inflateRawSync(position.seen))
      : new Uint8Array(Math.ceil(loaded.baseSize / 8));
  }

  /** Reads what a run knows so far: the published catalogue, and what the run itself has staged. */
  static async open(tenantId: string, position: SyncPosition): Promise<SyncJob> {
    const known = new KnownProducts();
    const base = await readBase(tenantId, position);
    const startedAtMs = Date.parse(position.started_at);
    const learn = (rows: readonly Row[], segment: number) => {
      for (const row of rows) {
        const { marketplace, external_id, stock, missing_since } = fromRow(row);
        const key = productKey(tenantId, marketplace, external_id);
        const state = stateOf(missing_since, startedAtMs);
        known.set(key, contentHash(row), { marketplace, stock, segment, state });
      }
    };
    let segment = 0;
    for await (const rows of readSegments(tenantId, base.segments)) learn(rows, segment++);
    const baseSize = known.size;
    let open: Row[] = [];
    const staged = stagedRefs(position);
    for (const ref of staged) {
      const rows = await readSegment(tenantId, ref);
      learn(rows, segment++);
      // Segments belong to one marketplace, so that they can be dropped when it fails.
      if (ref === staged.at(-1) && staged.length > position.staged_before) open = [...rows];
    }
    return new SyncJob(tenantId, position, { base, known, baseSize, open });
  }

  /** Takes in a product as a seller's page has it. False for one that the run has taken in already. */
  take(marketplace: Marketplace, product: SellerProduct): boolean {
    const { started_at } = this.position;
    const row = toRow({ ...product, marketplace, updated_at: started_at });
    const key = productKey(this.tenantId, marketplace, product.external_id);
    const hash = contentHash(row);
    const ordinal = this.known.find(key);
    // New products become known with their first page.
    const isFirst = ordinal === undefined || (ordinal < this.baseSize && !this.#isSeen(ordinal));
    if (ordinal !== undefined && ordinal < this.baseSize) this.#see(ordinal);
    if (ordinal !== undefined && this.known.hasHash(ordinal, hash)) return isFirst;
    if (ordinal === undefined) this.position.created += 1;
    else if (this.known.segmentOf(ordinal) < this.base.segments.length) this.position.changed += 1;
    this.#stage(row, key, hash);
    return isFirst;
  }

  /** Notes that the seller's marketplace no longer has a product. */
  markMissing(product: Product): void {
    const { started_at } = this.position;
    const row = toRow({ ...product, updated_at: started_at, missing_since: started_at });
    const key = productKey(this.tenantId, product.marketplace, product.external_id);
    this.position.missing += 1;
    this.#stage(row, key, contentHash(row));
  }

  /** Whether a product of the base is gone from a marketplace that was read, and nobody has noted it. */
  isUnseen(ordinal: number): boolean {
    if (ordinal >= this.baseSize || this.known.stateOf(ordinal) !== 'present') return false;
    if (this.#isSeen(ordinal)) return false;
    return marketplacesRead(this.position).some((name) => this.known.isOf(ordinal, name));
  }

  /** How many products of the base a marketplace has handed out, and how many not. */
  sightings(marketplace: Marketplace): { seen: number; unseen: number } {
    const sightings = { seen: 0, unseen: 0 };
    for (let ordinal = 0; ordinal < this.baseSize; ordinal += 1) {
      if (!this.known.isOf(ordinal, marketplace)) continue;
      if (this.#isSeen(ordinal)) sightings.seen += 1;
      else if (this.known.stateOf(ordinal) === 'present') sightings.unseen += 1;
    }
    return sightings;
  }

  /** Drops what the marketplace that is read now has brought: it is as if nobody had begun with it. */
  rewind(marketplace: Marketplace): void {
    const { position } = this;
    this.isOutdated ||= position.staged.length > position.staged_before;
    position.staged = position.staged.slice(0, position.staged_before);
    position.created = position.created_before;
    position.changed = position.changed_before;
    position.processed = position.processed_before;
    position.fresh_pages = 0;
    position.stale_pages = 0;
    position.cursor = undefined;
    this.#open = { rows: [], bytes: 0 };
    this.#full = [];
    this.#isOpenDurable = true;
    for (let ordinal = 0; ordinal < this.baseSize; ordinal += 1)
      if (this.known.isOf(ordinal, marketplace)) this.#forget(ordinal);
  }

  /** Keeps what the marketplace that is read now has brought, and goes on to the next one. */
  leaveMarketplace(): void {
    const { position } = this;
    this.#close();
    position.marketplace += 1;
    position.cursor = undefined;
    position.credentials_version = undefined;
    position.reading_since = new Date().toISOString();
    position.fresh_pages = 0;
    position.stale_pages = 0;
    position.processed_before = position.processed;
    position.created_before = position.created;
    position.changed_before = position.changed;
    position.staged_before = position.staged.length;
  }

  hasUnseen(): boolean {
    for (let ordinal = 0; ordinal < this.baseSize; ordinal += 1)
      if (this.isUnseen(ordinal)) return true;
    return false;
  }

  /** Makes what was staged and the position durable. Throws LostLock. */
  async checkpoint(): Promise<void> {
    if (this.#open.bytes >= closedSegmentBytes) this.#close();
    const { run_id, fence } = this.position;
    const number = this.position.staged.length - 1;
    const open = this.#isOpenDurable ? [] : [{ number, rows: this.#open.rows }];
    for (const { number, rows } of [...this.#full, ...open])
      await writeSegment(this.tenantId, { run: run_id, number }, rows, fence);
    this.#full = [];
    this.#isOpenDurable = true;
    this.position.seen = deflateRawSync(this.#seen);
    await checkpoint(this.tenantId, this.position);
  }

  /** Throws LostLock when the lock may be lost before what comes next is written. */
  assertHeld(): void {
    if (!isSafelyHeld(this.position, Date.now())) throw new LostLock();
  }

  #isSeen(ordinal: number): boolean {
    return ((this.#seen[ordinal >> 3] ?? 0) & (1 << (ordinal & 7))) !== 0;
  }

  #forget(ordinal: number): void {
    const byte = ordinal >> 3;
    this.#seen[byte] = (this.#seen[byte] ?? 0) & ~(1 << (ordinal & 7));
  }

  #see(ordinal: number): void {
    const byte = ordinal >> 3;
    this.#seen[byte] = (this.#seen[byte] ?? 0) | (1 << (ordinal & 7));
  }

  #stage(row: Row, key: Buffer, hash: Buffer): void {
    const { staged } = this.position;
    const bytes = bytesOf(row);
    if (bytes > maxSegmentBytes)
      throw new ChannelError('malformed', 'A product has more text than anybody can read.');
    if (this.#open.bytes + bytes > maxSegmentBytes) this.#close();
    if (this.#open.rows.length === 0) staged.push(0);
    this.#open.rows.push(row);
    this.#open.bytes += bytes;
    this.#isOpenDurable = false;
    staged[staged.length - 1] = this.#open.rows.length;
    const { marketplace, stock, missing_since } = fromRow(row);
    const segment = this.base.segments.length + staged.length - 1;
    const state = missing_since === undefined ? 'present' : 'missing';
    this.known.set(key, hash, { marketplace, stock, segment, state });
  }

  #close(): void {
    if (this.#open.rows.length === 0) return;
    if (!this.#isOpenDurable)
      this.#full.push({ number: this.position.staged.length - 1, rows: this.#open.rows });
    this.#open = { rows: [], bytes: 0 };
    this.#isOpenDurable = true;
  }
}

function stateOf(missingSince: string | undefined, nowMs: number): ProductState {
  if (missingSince === undefined) return 'present';
  return isForgotten(missingSince, nowMs) ? 'forgotten' : 'missing';
}

/** The segments that a run has staged. */
export function stagedRefs({ run_id, staged }: SyncPosition): SegmentRef[] {
  return staged.map((rows, number) => ({ run: run_id, number, rows }));
}

async function readBase(tenantId: string, { base_version }: SyncPosition): Promise<Manifest> {
  if (base_version === undefined) return { segments: [], obsolete: [], previous: undefined };
  const manifest = await readManifest(tenantId, base_version);
  if (!manifest) throw new Error('The catalogue that the sync began with is gone');
  return manifest;
}
