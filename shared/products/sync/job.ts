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
  type Row,
  rowKey,
  toRow,
} from '../product.ts';
import { packFlags, unpackFlags } from './flags.ts';
import { checkpoint, isSafelyHeld, LostLock, marketplacesRead, type SyncPosition } from './lock.ts';
import type { OpenedChannel } from './sync-ports.ts';

/** A segment that has grown to this is closed, so that it is not written again with every page. */
const closedSegmentBytes = 128_000;

/** What a run knows of one product. */
export interface KnownProduct {
  marketplace: Marketplace;
  /** When it was last seen. */
  stock: number;
  /** Of its newest row. */
  hash: string;
  /** The number of the segment that has its newest row. */
  segment: number;
  /** Whether the marketplace has it, no longer has it, or has not had it for so long that it is gone. */
  state: 'present' | 'missing' | 'forgotten';
  /** A page of this run had it. */
  isSeen: boolean;
}

/**
 * One worker's hold of a run: the durable position, what is known of each product, and the rows
 * that this run adds. In memory are the known products, one open segment and one page.
 */
export class SyncJob {
  readonly tenantId: string;
  readonly position: SyncPosition;
  readonly base: Manifest;
  /** By `rowKey`. */
  readonly known: ReadonlyMap<string, KnownProduct>;
  /** The way to the seller's products, once it is open, and when it was last seen to be valid. */
  seller: (OpenedChannel & { marketplace: Marketplace; seenAtMs: number }) | undefined;
  /** Something that was staged has been dropped: what this job knows is no longer true. */
  isOutdated = false;
  readonly #known: Map<string, KnownProduct>;
  /** Products of the base, which a sync must see or mark, in the order of the base. */
  readonly #ofBase: readonly KnownProduct[];
  #open: { rows: Row[]; bytes: number };
  #full: { number: number; rows: Row[] }[] = [];
  #isOpenDurable = true;

  private constructor(tenantId: string, position: SyncPosition, loaded: Loaded) {
    this.tenantId = tenantId;
    this.position = position;
    this.base = loaded.base;
    this.#known = loaded.known;
    this.known = loaded.known;
    this.#ofBase = loaded.ofBase;
    const bytes = loaded.open.reduce((sum, row) => sum + bytesOf(row), 0);
    this.#open = { rows: loaded.open, bytes };
  }

  /** Reads what a run knows so far: the published catalogue, and what the run itself has staged. */
  static async open(tenantId: string, position: SyncPosition): Promise<SyncJob> {
    const known = new Map<string, KnownProduct>();
    const base = await readBase(tenantId, position);
    const startedAtMs = Date.parse(position.started_at);
    let segment = 0;
    for await (const rows of readSegments(tenantId, base.segments)) {
      for (const row of rows) learn(known, row, { segment, startedAtMs, isSeen: false });
      segment += 1;
    }
    const ofBase = [...known.values()];
    const wasSeen = unpackFlags(position.seen);
    ofBase.forEach((product, place) => {
      product.isSeen = wasSeen(place);
    });
    let open: Row[] = [];
    const staged = stagedRefs(position);
    for (const ref of staged) {
      const rows = await readSegment(tenantId, ref);
      for (const row of rows) learn(known, row, { segment, startedAtMs, isSeen: true });
      segment += 1;
      // Segments belong to one marketplace, so that they can be dropped when it fails.
      if (ref === staged.at(-1) && staged.length > position.staged_before) open = [...rows];
    }
    return new SyncJob(tenantId, position, { base, known, ofBase, open });
  }

  /** Takes in a product as a seller's page has it. False for one that the run has taken in already. */
  take(marketplace: Marketplace, product: SellerProduct): boolean {
    const { started_at } = this.position;
    const row = toRow({ ...product, marketplace, updated_at: started_at });
    const known = this.#known.get(rowKey(row));
    const isFirst = !known?.isSeen;
    if (known) known.isSeen = true;
    if (known?.hash === contentHash(row)) return isFirst;
    if (!known) this.position.created += 1;
    else if (known.segment < this.base.segments.length) this.position.changed += 1;
    this.#stage(row);
    return isFirst;
  }

  /** Notes that the seller's marketplace no longer has a product of the base. */
  markMissing(row: Row): void {
    const { started_at } = this.position;
    this.position.missing += 1;
    this.#stage(toRow({ ...fromRow(row), updated_at: started_at, missing_since: started_at }));
  }

  /** Whether a product is gone from a marketplace that was read, and that is not noted yet. */
  isUnseen({ isSeen, state, marketplace }: KnownProduct): boolean {
    return !isSeen && state === 'present' && marketplacesRead(this.position).includes(marketplace);
  }

  /** How many products of the base a marketplace has handed out, and how many not. */
  sightings(marketplace: Marketplace): { seen: number; unseen: number } {
    const of = this.#ofBase.filter((product) => product.marketplace === marketplace);
    return {
      seen: of.filter(({ isSeen }) => isSeen).length,
      unseen: of.filter(({ isSeen, state }) => !isSeen && state === 'present').length,
    };
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
    for (const product of this.#ofBase)
      if (product.marketplace === marketplace) product.isSeen = false;
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
    return this.#ofBase.some((product) => this.isUnseen(product));
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
    this.position.seen = packFlags(this.#ofBase.map(({ isSeen }) => isSeen));
    await checkpoint(this.tenantId, this.position);
  }

  /** Throws LostLock when the lock may be lost before what comes next is written. */
  assertHeld(): void {
    if (!isSafelyHeld(this.position, Date.now())) throw new LostLock();
  }

  #stage(row: Row): void {
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
    const segment = this.base.segments.length + staged.length - 1;
    const startedAtMs = Date.parse(this.position.started_at);
    learn(this.#known, row, { segment, startedAtMs, isSeen: true });
  }

  #close(): void {
    if (this.#open.rows.length === 0) return;
    if (!this.#isOpenDurable)
      this.#full.push({ number: this.position.staged.length - 1, rows: this.#open.rows });
    this.#open = { rows: [], bytes: 0 };
    this.#isOpenDurable = true;
  }
}

interface Loaded {
  base: Manifest;
  known: Map<string, KnownProduct>;
  ofBase: readonly KnownProduct[];
  open: Row[];
}

/** Takes in a row. Whether a product that is known already was seen stays as it is. */
function learn(
  products: Map<string, KnownProduct>,
  row: Row,
  at: { segment: number; startedAtMs: number; isSeen: boolean },
): void {
  const { marketplace, stock, missing_since } = fromRow(row);
  const key = rowKey(row);
  const known = products.get(key);
  const state = stateOf(missing_since, at.startedAtMs);
  const now = { marketplace, stock, hash: contentHash(row), segment: at.segment, state };
  if (known) Object.assign(known, now);
  else products.set(key, { ...now, isSeen: at.isSeen });
}

function stateOf(missingSince: string | undefined, nowMs: number): KnownProduct['state'] {
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
