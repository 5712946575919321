import * as z from 'zod/mini';
import { ChannelName } from '../../channels/names.ts';
import { syncErrorCodes } from '../metrics.ts';

/** Why a channel of a run failed, as the API and webhooks show it. */
export const ChannelSyncError = z.object({
  marketplace: ChannelName,
  code: z.enum(syncErrorCodes),
  detail: z.string(),
});
export type ChannelSyncError = z.infer<typeof ChannelSyncError>;

/** Which worker holds a run, when the next one is expected, and what went wrong since the last step. */
const Lease = z.object({
  /** Grows with every holder; writes of a former holder are refused by it. */
  fence: z.number(),
  /** 0 while no worker holds the run. */
  until_ms: z.number(),
  /** No worker continues before: a channel asked for a pause, or we did. 0 for at once. */
  resume_at_ms: z.number(),
  /** When the last message should have arrived. */
  expected_at_ms: z.number(),
  /** Messages sent in its place since a worker last began. */
  reminders: z.number(),
  /** Tries in a row that the channel did not answer. */
  unanswered_tries: z.number(),
  /** Pauses in a row for the limits of the channel. */
  waits: z.number(),
  /** Failures of ours in a row. */
  interruptions: z.number(),
  worker_deaths: z.number(),
});
type Lease = z.infer<typeof Lease>;

/** The result of the run up to now. */
const Progress = z.object({
  step: z.enum(['read', 'mark', 'apply', 'publish', 'announce']),
  /** `sync.started` has been published. */
  start_published: z.boolean(),
  processed: z.number(),
  total: z.optional(z.number()),
  created: z.number(),
  changed: z.number(),
  missing: z.number(),
  /** Rows in each segment of this run. */
  staged: z.array(z.number()),
  /** Which products of the base were seen, as `packFlags` stores it. */
  seen: z.optional(z.instanceof(Uint8Array)),
  /** Segments of the base that were compared, and staged ones that were saved. */
  marked: z.number(),
  applied: z.number(),
  low_stock_events: z.number(),
  /** Channels that failed; their products stay as they were. */
  errors: z.array(ChannelSyncError),
  /** Channels without most of their products, in the sync before or in this one. */
  suspected_incomplete: z.array(ChannelName),
});

/** The channel that is read now. */
const ChannelProgress = z.object({
  /** Its place among the channels of the run. */
  index: z.number(),
  /** Where in its products; undefined at their start. */
  cursor: z.optional(z.string()),
  phase: z.string(),
  /** Version of the credentials that the cursor belongs to. */
  credentials_version: z.optional(z.string()),
  reading_since: z.optional(z.string()),
  /** Pages with a product that no page had before, and pages without. */
  fresh_pages: z.number(),
  stale_pages: z.number(),
  /** What the channels before this one brought: what is left when this one fails. */
  before: z.object({
    processed: z.number(),
    created: z.number(),
    changed: z.number(),
    staged: z.number(),
  }),
});

/** A run that is not over: each of its steps becomes durable with one write of this item. */
export const SyncPosition = z.object({
  run_id: z.string(),
  started_at: z.string(),
  channels: z.array(ChannelName),
  base_version: z.optional(z.string()),
  lease: Lease,
  progress: Progress,
  channel: ChannelProgress,
});
export type SyncPosition = z.infer<typeof SyncPosition>;

/** Counts of what went wrong since the last step, after a step. */
export const noTrouble = {
  unanswered_tries: 0,
  waits: 0,
  interruptions: 0,
  worker_deaths: 0,
} as const satisfies Partial<Lease>;

/** A channel at its start, before any of its pages. */
export const channelStart = { cursor: undefined, fresh_pages: 0, stale_pages: 0 } as const;

/** The position of a run that no worker has begun. */
export const startPosition = (
  run: Pick<SyncPosition, 'run_id' | 'started_at' | 'channels' | 'base_version'>,
  suspectedIncomplete: readonly ChannelName[],
  nowMs: number,
): SyncPosition => ({
  ...run,
  lease: {
    fence: 0,
    until_ms: 0,
    resume_at_ms: 0,
    expected_at_ms: nowMs,
    reminders: 0,
    ...noTrouble,
  },
  progress: {
    step: 'read',
    start_published: false,
    processed: 0,
    created: 0,
    changed: 0,
    missing: 0,
    staged: [],
    marked: 0,
    applied: 0,
    low_stock_events: 0,
    errors: [],
    suspected_incomplete: [...suspectedIncomplete],
  },
  channel: {
    ...channelStart,
    index: 0,
    phase: 'waiting',
    before: { processed: 0, created: 0, changed: 0, staged: 0 },
  },
});

/** Whether giving the run up still leaves the products as they were. */
export const isRevocable = ({ progress: { step } }: SyncPosition): boolean =>
  step === 'read' || step === 'mark';

/** Whether lists show what the run has brought. */
export const isPublished = ({ progress }: SyncPosition): boolean => progress.step === 'announce';

/** The channels that have been read, or are being read, and have not failed. */
export const channelsRead = ({ channels, progress }: SyncPosition) =>
  channels.filter((name) => progress.errors.every(({ marketplace }) => marketplace !== name));
