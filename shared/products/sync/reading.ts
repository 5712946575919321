import { ChannelError, type SellerErrorCode } from '../../channels/adapter.ts';
import { AppError } from '../../contract/errors.ts';
import { logger } from '../../runtime/observe.ts';
import { getItem } from '../../table/table.ts';
import { TenantItem } from '../../tenants/items.ts';
import { tenantKeys } from '../../tenants/keys.ts';
import type { SyncErrorCode } from '../metrics.ts';
import type { Marketplace } from '../product.ts';
import { FailedSync } from './failure.ts';
import type { SyncJob } from './job.ts';
import type { SyncPosition } from './lock.ts';
import type { OpenedChannel, SyncPorts } from './sync-ports.ts';

/** A marketplace that said there are so many products must also hand out this share of them. */
const completeShare = 0.99;
/** With fewer products than this, a seller may well take most of them away at once. */
const fewProducts = 20;
const pageDeadlineMs = 120_000;
/** A marketplace that has not handed out everything after so long has failed. */
const maxReadingMs = 12 * 3_600_000;
/** Cards that change while they are read are met again; this many pages more than that are a circle. */
const spareStalePages = 2;
/** Credentials and the subscription are looked at again this often. */
const recheckMs = 60_000;
/** Tries in a row that the marketplace may leave without an answer. */
export const maxSilences = 6;

/**
 * Reads the next page of the marketplace that is read now. One that fails for good brings nothing,
 * and the run goes on with the next. Throws ChannelError for what may pass, FailedSync, LostLock.
 */
export async function readNextPage(job: SyncJob, ports: SyncPorts): Promise<void> {
  const { position, tenantId } = job;
  const marketplace = position.marketplaces[position.marketplace];
  if (!marketplace) throw new Error('The sync has read all marketplaces already');
  try {
    const seller = await openedSeller(job, marketplace, ports);
    if (seller) await readPage(job, marketplace, seller);
  } catch (error) {
    const failure = failureOf(error, position);
    if (!failure) throw error;
    if (!isAboutKey(failure.code)) return giveUp(job, marketplace, failure);
    const version = await ports.credentialsVersion(tenantId, marketplace);
    if (version === position.credentials_version) return giveUp(job, marketplace, failure);
    // What failed was the key before, so the one that is saved now has its own try.
    job.seller = undefined;
    await startOver(job, marketplace, version);
  }
}

/** The way to the products of a marketplace. Undefined when its reading has to start over first. */
async function openedSeller(
  job: SyncJob,
  marketplace: Marketplace,
  ports: SyncPorts,
): Promise<OpenedChannel | undefined> {
  const { position, tenantId } = job;
  const nowMs = Date.now();
  const known = job.seller?.marketplace === marketplace ? job.seller : undefined;
  if (known && nowMs < known.seenAtMs + recheckMs) return known;
  if (known) {
    const [tenant, version] = await Promise.all([
      getItem(tenantKeys.tenant(tenantId)),
      ports.credentialsVersion(tenantId, marketplace),
    ]);
    if (!tenant || TenantItem.parse(tenant).status !== 'ACTIVE')
      throw new FailedSync('tenant_not_active');
    if (known.version === version) {
      known.seenAtMs = nowMs;
      return known;
    }
  }
  const opened = await ports.openChannel(tenantId, marketplace);
  job.seller = { ...opened, marketplace, seenAtMs: nowMs };
  const belongsTo = position.credentials_version ?? opened.version;
  position.credentials_version = opened.version;
  if (belongsTo === opened.version) return job.seller;
  // Another key may be of another account, whose products have other places.
  await startOver(job, marketplace, opened.version);
  return undefined;
}

async function readPage(
  job: SyncJob,
  marketplace: Marketplace,
  seller: OpenedChannel,
): Promise<void> {
  const { position } = job;
  const readingSinceMs = Date.parse(position.reading_since ?? position.started_at);
  if (Date.now() > readingSinceMs + maxReadingMs)
    throw new FailedSync('seller_unavailable', texts.tooLong);
  const page = await seller.read(position.cursor, Date.now() + pageDeadlineMs);
  let fresh = 0;
  for (const product of page.products) if (job.take(marketplace, product)) fresh += 1;
  position[fresh > 0 ? 'fresh_pages' : 'stale_pages'] += 1;
  const isCircle =
    page.next === position.cursor || position.stale_pages > position.fresh_pages + spareStalePages;
  if (page.next !== undefined && isCircle) throw new FailedSync('malformed_answer', texts.circle);
  position.processed += fresh;
  position.phase = page.phase;
  position.cursor = page.next;
  const isLast = position.marketplace === position.marketplaces.length - 1;
  // Before the last one nobody knows how many there will be together.
  if (isLast && page.total !== undefined) position.total = position.processed_before + page.total;
  if (page.next === undefined) {
    assertComplete(job, marketplace, page.total);
    nextChannel(job);
  }
  await job.checkpoint();
}

/** Throws FailedSync when a marketplace has handed out too little to be believed. */
function assertComplete(job: SyncJob, marketplace: Marketplace, total: number | undefined): void {
  const { position } = job;
  const read = position.processed - position.processed_before;
  if (total !== undefined && read < total * completeShare)
    throw new FailedSync('incomplete_answer');
  const { seen, unseen } = job.sightings(marketplace);
  const isDoubtful = seen + unseen >= fewProducts && seen < unseen;
  const wasSuspected = position.suspected_incomplete.includes(marketplace);
  if (isDoubtful && !wasSuspected) {
    position.suspected_incomplete = [...position.suspected_incomplete, marketplace];
    throw new FailedSync('incomplete_answer', texts.vanished);
  }
  position.suspected_incomplete = position.suspected_incomplete.filter(
    (name) => name !== marketplace,
  );
}

async function startOver(
  job: SyncJob,
  marketplace: Marketplace,
  version: string | undefined,
): Promise<void> {
  job.rewind(marketplace);
  job.position.credentials_version = version;
  await job.checkpoint();
}

/** Notes that a marketplace has failed. Throws FailedSync when all have. */
async function giveUp(job: SyncJob, marketplace: Marketplace, failure: FailedSync): Promise<void> {
  const { position } = job;
  const { code, message: detail } = failure;
  logger.warn('marketplace_failed', { marketplace, code, detail });
  job.rewind(marketplace);
  position.errors = [...position.errors, { marketplace, code, detail }];
  if (position.errors.length === position.marketplaces.length) throw new FailedSync(code, detail);
  nextChannel(job);
  await job.checkpoint();
}

function nextChannel(job: SyncJob): void {
  const { position } = job;
  job.leaveMarketplace();
  if (position.marketplace < position.marketplaces.length) return;
  position.total = position.processed;
  position.step = job.hasUnseen() ? 'mark' : 'apply';
}

const isAboutKey = (code: SyncErrorCode) => code === 'wrong_key' || code === 'wrong_scope';

const codes: Record<Exclude<SellerErrorCode, 'rate_limited'>, SyncErrorCode> = {
  wrong_key: 'wrong_key',
  wrong_scope: 'wrong_scope',
  unavailable: 'seller_unavailable',
  malformed: 'malformed_answer',
};

/** What a marketplace fails of; undefined for what may pass, and for what is not its fault. */
function failureOf(error: unknown, { failures }: SyncPosition): FailedSync | undefined {
  if (error instanceof AppError && error.code === 'no_credentials')
    return new FailedSync('no_credentials');
  if (error instanceof FailedSync) return error.code === 'tenant_not_active' ? undefined : error;
  if (!(error instanceof ChannelError) || error.code === 'rate_limited') return undefined;
  if (error.code === 'unavailable' && failures + 1 < maxSilences) return undefined;
  // What is wrong with an answer or lacks in a key, the adapter says best.
  const isPrecise = error.code === 'malformed' || error.code === 'wrong_scope';
  return new FailedSync(codes[error.code], isPrecise ? error.message : undefined);
}

const texts = {
  tooLong: 'The seller marketplace has not handed out all products within 12 hours.',
  circle: 'The seller marketplace gives the same products over and over.',
  vanished:
    'The seller marketplace handed out fewer than half of the products it had. If they are gone, the next sync takes that over.',
};
