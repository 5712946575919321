import type { ChannelProduct } from '../../channels/adapter.ts';
import type { ChannelName } from '../../channels/names.ts';
import { readSegment, readSegments } from '../catalogue/segments.ts';
import { type Manifest, readManifest } from '../catalogue/versions.ts';
import { contentHash, fromRow, type Row, rowKey, toRow } from '../product.ts';
import { packFlags, unpackFlags } from './flags.ts';
import { type KnownProduct, type KnownProducts, learn } from './known.ts';
import { checkpoint, isSafelyHeld, LostLease } from './lease.ts';
import type { OpenedChannel } from './ports.ts';
import { channelStart, channelsRead, type SyncPosition } from './position.ts';
import { Staging, stagedRefs } from './staging.ts';

interface Loaded {
  base: Manifest;
  known: KnownProducts;
  ofBase: readonly KnownProduct[];
  open: readonly Row[];
}

/**
 * One worker's hold of a run: the durable position, what is known of each product, and the rows
 * that this run adds. In memory are the known products, one open segment and one page.
 */
export class SyncJob {
  readonly tenantId: string;
  readonly position: SyncPosition;
  readonly base: Manifest;
  /** Open access to a channel, and when it was last found valid. */
  opened: (OpenedChannel & { channel: ChannelName; checkedAtMs: number }) | undefined;
  /** Staged rows were dropped: what this job knows is no longer true. */
  isOutdated = false;
  readonly #known: KnownProducts;
  /** Products of the base, which a sync must see or mark, in the order of the base. */
  readonly #ofBase: readonly KnownProduct[];
  readonly #staging: Staging;

  private constructor(
    tenantId: string,
    position: SyncPosition,
    { base, known, ofBase, open }: Loaded,
  ) {
    this.tenantId = tenantId;
    this.position = position;
    this.base = base;
    this.#known = known;
    this.#ofBase = ofBase;
    this.#staging = new Staging(position, open);
  }

  /** Reads the known products: the published catalogue, and what the run itself has staged. */
  static async open(tenantId: string, position: SyncPosition): Promise<SyncJob> {
    const known: KnownProducts = new Map();
    const base = await readBase(tenantId, position);
    const nowMs = Date.parse(position.started_at);
    let segment = 0;
    for await (const rows of readSegments(tenantId, base.segments)) {
      for (const row of rows) learn(known, row, { segment, nowMs, isSeen: false });
      segment += 1;
    }
    const ofBase = [...known.values()];
    const wasSeen = unpackFlags(position.progress.seen);
    ofBase.forEach((product, place) => {
      product.isSeen = wasSeen(place);
    });
    let open: readonly Row[] = [];
    const staged = stagedRefs(position);
    for (const ref of staged) {
      const rows = await readSegment(tenantId, ref);
      for (const row of rows) learn(known, row, { segment, nowMs, isSeen: true });
      segment += 1;
      // Segments belong to one channel, so that they can be dropped when it fails.
      if (ref === staged.at(-1) && staged.length > position.channel.before.staged) open = rows;
    }
    return new SyncJob(tenantId, position, { base, known, ofBase, open });
  }

  /** Every product of the base and of this run, by `rowKey`. */
  get known(): ReadonlyMap<string, KnownProduct> {
    return this.#known;
  }

  /** Takes in a product of a channel's page. False for one that the run has taken in already. */
  take(channel: ChannelName, product: ChannelProduct): boolean {
    const { started_at, progress } = this.position;
    const row = toRow({ ...product, marketplace: channel, updated_at: started_at });
    const known = this.#known.get(rowKey(row));
    const isFirst = !known?.isSeen;
    if (known) known.isSeen = true;
    if (known?.hash === contentHash(row)) return isFirst;
    if (!known) progress.created += 1;
    else if (known.segment < this.base.segments.length) progress.changed += 1;
    this.#stage(row);
    return isFirst;
  }

  /** Notes that the channel no longer has a product of the base. */
  markMissing(row: Row): void {
    const { started_at, progress } = this.position;
    progress.missing += 1;
    this.#stage(toRow({ ...fromRow(row), updated_at: started_at, missing_since: started_at }));
  }

  /** Whether a product is gone from a channel that was read, which is not noted yet. */
  isUnseen({ isSeen, state, channel }: KnownProduct): boolean {
    return !isSeen && state === 'present' && channelsRead(this.position).includes(channel);
  }

  hasUnseen(): boolean {
    return this.#ofBase.some((product) => this.isUnseen(product));
  }

  /** How many products of the base a channel has handed out, and how many it has not. */
  sightings(channel: ChannelName): { seen: number; unseen: number } {
    const products = this.#ofBase.filter((product) => product.channel === channel);
    return {
      seen: products.filter(({ isSeen }) => isSeen).length,
      unseen: products.filter(({ isSeen, state }) => !isSeen && state === 'present').length,
    };
  }

  /** Drops what the channel that is read now has brought, as before its first page. */
  rewind(channel: ChannelName): void {
    const { progress, channel: current } = this.position;
    const { staged, ...counts } = current.before;
    Object.assign(progress, counts);
    Object.assign(current, channelStart);
    this.isOutdated = this.#staging.dropAfter(staged) || this.isOutdated;
    for (const product of this.#ofBase) if (product.channel === channel) product.isSeen = false;
  }

  /** Keeps what the channel that is read now has brought, and moves to the next one. */
  leaveChannel(): void {
    this.#staging.close();
    const { progress, channel } = this.position;
    const { processed, created, changed, staged } = progress;
    this.position.channel = {
      ...channelStart,
      index: channel.index + 1,
      phase: channel.phase,
      reading_since: new Date().toISOString(),
      before: { processed, created, changed, staged: staged.length },
    };
  }

  /** Makes what was staged and the position durable. Throws LostLease. */
  async checkpoint(): Promise<void> {
    await this.#staging.write(this.tenantId);
    this.position.progress.seen = packFlags(this.#ofBase.map(({ isSeen }) => isSeen));
    await checkpoint(this.tenantId, this.position);
  }

  /** Throws LostLease when the lease may be lost before what comes next is written. */
  assertHeld(): void {
    if (!isSafelyHeld(this.position, Date.now())) throw new LostLease();
  }

  #stage(row: Row): void {
    const segment = this.base.segments.length + this.#staging.add(row);
    learn(this.#known, row, {
      segment,
      nowMs: Date.parse(this.position.started_at),
      isSeen: true,
    });
  }
}

async function readBase(tenantId: string, { base_version }: SyncPosition): Promise<Manifest> {
  if (base_version === undefined) return { segments: [], obsolete: [], previous: undefined };
  const manifest = await readManifest(tenantId, base_version);
  if (!manifest) throw new Error('The catalogue that the sync began with is gone');
  return manifest;
}
