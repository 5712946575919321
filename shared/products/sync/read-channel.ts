import type { ChannelName } from '../../channels/names.ts';
import { logger } from '../../runtime/logger.ts';
import { getItem } from '../../table/table.ts';
import { TenantItem } from '../../tenants/items.ts';
import { tenantKeys } from '../../tenants/keys.ts';
import { FailedSync, failureOf } from './failure.ts';
import type { SyncJob } from './job.ts';
import type { OpenedChannel, SyncPorts } from './ports.ts';

/** Minimum share of the reported total that a channel must deliver. */
const completeShare = 0.99;
/** With fewer products than this, a seller may well take most of them away at once. */
const fewProducts = 20;
const pageDeadlineMs = 120_000;
/** A channel that has not handed out everything within this time has failed. */
const maxReadingMs = 12 * 3_600_000;
/** Products that change while they are read are met again; this many more pages without news are a circle. */
const maxSpareStalePages = 2;
/** How often credentials and the subscription are checked again. */
const recheckMs = 60_000;

const descriptions = {
  tooLong: 'The seller marketplace has not handed out all products within 12 hours.',
  circle: 'The seller marketplace gives the same products over and over.',
  vanished:
    'The seller marketplace handed out fewer than half of the products it had. If they are gone, the next sync takes that over.',
};

/**
 * Reads the next page of the current channel. A channel that fails for good contributes nothing, and the
 * run continues with the next. Throws ChannelError for transient failures, FailedSync, LostLease.
 */
export async function readNextPage(job: SyncJob, ports: SyncPorts): Promise<void> {
  const { position, tenantId } = job;
  const channel = position.channels[position.channel.index];
  if (!channel) throw new Error('The sync has read all channels already');
  try {
    const opened = await openChannel(job, channel, ports);
    if (opened) await readPage(job, channel, opened);
  } catch (error) {
    const failure = failureOf(error, position.lease.unanswered_tries);
    if (!failure) throw error;
    if (!failure.isAboutKey) return giveUp(job, channel, failure);
    const version = await ports.credentialsVersion(tenantId, channel);
    if (version === position.channel.credentials_version) return giveUp(job, channel, failure);
    // The key that failed was replaced; the one saved now has its own try.
    job.opened = undefined;
    await startOver(job, channel, version);
  }
}

/** Access to the products of a channel. Undefined when its reading has to start over first. */
async function openChannel(
  job: SyncJob,
  channel: ChannelName,
  ports: SyncPorts,
): Promise<OpenedChannel | undefined> {
  const { tenantId } = job;
  const current = job.position.channel;
  const nowMs = Date.now();
  const known = job.opened?.channel === channel ? job.opened : undefined;
  if (known && nowMs < known.checkedAtMs + recheckMs) return known;
  if (known) {
    const [tenant, version] = await Promise.all([
      getItem(tenantKeys.tenant(tenantId)),
      ports.credentialsVersion(tenantId, channel),
    ]);
    if (!tenant || TenantItem.parse(tenant).status !== 'ACTIVE')
      throw new FailedSync('tenant_not_active');
    if (known.version === version) {
      known.checkedAtMs = nowMs;
      return known;
    }
  }
  const opened = await ports.openChannel(tenantId, channel);
  job.opened = { ...opened, channel, checkedAtMs: nowMs };
  const belongsTo = current.credentials_version ?? opened.version;
  current.credentials_version = opened.version;
  if (belongsTo === opened.version) return job.opened;
  // Another key may be of another account, whose products have other places.
  await startOver(job, channel, opened.version);
  return undefined;
}

async function readPage(job: SyncJob, channel: ChannelName, opened: OpenedChannel): Promise<void> {
  const { channels, started_at, progress, channel: current } = job.position;
  const readingSinceMs = Date.parse(current.reading_since ?? started_at);
  if (Date.now() > readingSinceMs + maxReadingMs)
    throw new FailedSync('seller_unavailable', descriptions.tooLong);
  const page = await opened.read(current.cursor, Date.now() + pageDeadlineMs);
  let fresh = 0;
  for (const product of page.products) if (job.take(channel, product)) fresh += 1;
  current[fresh > 0 ? 'fresh_pages' : 'stale_pages'] += 1;
  const isCircle =
    page.next === current.cursor || current.stale_pages > current.fresh_pages + maxSpareStalePages;
  if (page.next !== undefined && isCircle)
    throw new FailedSync('malformed_answer', descriptions.circle);
  progress.processed += fresh;
  current.phase = page.phase;
  current.cursor = page.next;
  const isLast = current.index === channels.length - 1;
  // Only with the last channel is the total of all known.
  if (isLast && page.total !== undefined) progress.total = current.before.processed + page.total;
  if (page.next === undefined) {
    assertComplete(job, channel, page.total);
    nextChannel(job);
  }
  await job.checkpoint();
}

/** Throws FailedSync when a channel has handed out too little to be believed. */
function assertComplete(job: SyncJob, channel: ChannelName, total: number | undefined): void {
  const { progress, channel: current } = job.position;
  const read = progress.processed - current.before.processed;
  if (total !== undefined && read < total * completeShare)
    throw new FailedSync('incomplete_answer');
  const { seen, unseen } = job.sightings(channel);
  const isSuspect = seen + unseen >= fewProducts && seen < unseen;
  const others = progress.suspected_incomplete.filter((name) => name !== channel);
  const wasSuspect = others.length < progress.suspected_incomplete.length;
  progress.suspected_incomplete = isSuspect && !wasSuspect ? [...others, channel] : others;
  if (isSuspect && !wasSuspect) throw new FailedSync('incomplete_answer', descriptions.vanished);
}

async function startOver(
  job: SyncJob,
  channel: ChannelName,
  version: string | undefined,
): Promise<void> {
  job.rewind(channel);
  job.position.channel.credentials_version = version;
  await job.checkpoint();
}

/** Notes that a channel has failed. Throws FailedSync when all have. */
async function giveUp(job: SyncJob, channel: ChannelName, failure: FailedSync): Promise<void> {
  const { channels, progress } = job.position;
  const { code, message: detail } = failure;
  logger.warn('marketplace_failed', { marketplace: channel, code, detail });
  job.rewind(channel);
  progress.errors = [...progress.errors, { marketplace: channel, code, detail }];
  if (progress.errors.length === channels.length) throw new FailedSync(code, detail);
  nextChannel(job);
  await job.checkpoint();
}

function nextChannel(job: SyncJob): void {
  job.leaveChannel();
  const { channels, channel, progress } = job.position;
  if (channel.index < channels.length) return;
  progress.total = progress.processed;
  progress.step = job.hasUnseen() ? 'mark' : 'apply';
}
