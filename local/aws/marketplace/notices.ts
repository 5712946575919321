import type { Clock, Timed } from '../../runtime/clock.ts';
import type { Faults } from './faults.ts';
import type { Agreement, MarketplaceStore, Notice, NoticeRecord } from './state.ts';

/** Takes a notice to the seller. Rejects where nobody takes it. */
export type Send = (notice: Notice) => Promise<void>;

export interface NoticesOptions {
  readonly store: MarketplaceStore;
  readonly faults: Faults;
  readonly clock: Pick<Clock, 'rearm'>;
  readonly send: Send;
}

/** What the marketplace tells the seller: kept, sent when it is due, with the faults in force. */
export class Notices implements Timed {
  readonly isExact = true;
  readonly #options: NoticesOptions;
  #sending: Promise<void> = Promise.resolve();

  constructor(options: NoticesOptions) {
    this.#options = options;
  }

  /** Every notice, as they came to be. */
  all(): readonly NoticeRecord[] {
    return this.#options.store.state.notices;
  }

  /** The same as they are due, the latest last. */
  inOrder(): NoticeRecord[] {
    return this.all().toSorted((a, b) => Date.parse(a.due_at) - Date.parse(b.due_at));
  }

  /** Keeps a notice until it is due. It is sent by the next {@link run} from then on. */
  add(notice: Notice, subject: string, agreement: Agreement | null, dueMs: number): NoticeRecord {
    const faults = this.#options.faults.nextEvent();
    const record: NoticeRecord = {
      ...notice,
      id: notice.channel === 'event-bridge' ? notice.event.id : notice.message_id,
      agreement_id: agreement?.agreement_id ?? null,
      subject,
      due_at: new Date(dueMs + (faults?.delay_seconds ?? 0) * 1000).toISOString(),
      status: faults?.drop ? 'dropped' : 'waiting',
      sent_at: [],
      error: null,
    };
    this.#faulty.set(record, {
      duplicate: faults?.duplicate ?? false,
      reorder: faults?.reorder ?? false,
    });
    this.#options.store.state.notices.push(record);
    this.#options.clock.rearm();
    return record;
  }

  /** Of notices that wait: faults that were in force when they were made. Lost with the process. */
  readonly #faulty = new WeakMap<NoticeRecord, { duplicate: boolean; reorder: boolean }>();

  nextAt(): number | undefined {
    const waiting = this.all().flatMap(({ status, due_at }) =>
      status === 'waiting' ? Date.parse(due_at) : [],
    );
    return waiting.length > 0 ? Math.min(...waiting) : undefined;
  }

  /** Sends all that is due, one after the other. */
  run(): Promise<void> {
    this.#sending = this.#sending.then(() => this.#sendDue());
    return this.#sending;
  }

  async #sendDue(): Promise<void> {
    const now = Date.now();
    const due = this.all()
      .filter(({ status, due_at }) => status === 'waiting' && Date.parse(due_at) <= now)
      .sort((a, b) => Date.parse(a.due_at) - Date.parse(b.due_at));
    if (due.length === 0) return;
    const isReordered = due.some((record) => this.#faulty.get(record)?.reorder);
    for (const record of isReordered ? due.reverse() : due) {
      await this.#send(record);
      if (this.#faulty.get(record)?.duplicate) await this.#send(record);
    }
    this.#options.store.save();
  }

  /** Sends a notice again, whatever became of it. Undefined for an unknown id. */
  async replay(id: string): Promise<NoticeRecord | undefined> {
    const record = this.all().find((each) => each.id === id);
    if (!record) return undefined;
    await this.#send(record);
    this.#options.store.save();
    return record;
  }

  async #send(record: NoticeRecord): Promise<void> {
    const failure = await this.#options.send(noticeOf(record)).then(
      () => null,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    record.error = failure;
    record.status = failure === null ? 'sent' : 'failed';
    if (failure === null) record.sent_at.push(new Date().toISOString());
  }
}

function noticeOf(record: NoticeRecord): Notice {
  return record.channel === 'event-bridge'
    ? { channel: record.channel, event: record.event }
    : {
        channel: record.channel,
        message_id: record.message_id,
        timestamp: record.timestamp,
        topic_arn: record.topic_arn,
        message: record.message,
      };
}
