import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openStore } from '../../runtime/store.ts';
import type { Dimensions, Identity, Pricing } from './products.ts';

export type Status = 'ACTIVE' | 'CANCELLED' | 'EXPIRED' | 'TERMINATED' | 'RENEWED' | 'REPLACED';

/** An agreement between a buyer and the seller, with its one license. Times are ISO 8601 in UTC. */
export interface Agreement {
  readonly agreement_id: string;
  readonly license_arn: string;
  readonly account_id: string;
  /** The buyer's name in the older contract. */
  readonly customer_identifier: string;
  readonly product_code: string;
  readonly offer_id: string;
  readonly identity: Identity;
  readonly pricing: Pricing;
  readonly offer_type: 'free-trial' | null;
  readonly private_offer: boolean;
  /** Sold by a channel partner: then its agreement events have the other suffix. */
  readonly channel_partner: boolean;
  readonly intent: 'NEW' | 'RENEW' | 'REPLACE';
  readonly previous_agreement_id: string | null;
  readonly initial_agreement_id: string;
  readonly purchased_at: string;
  readonly trial_ends_at: string | null;
  dimensions: Dimensions;
  meterable: readonly string[] | null;
  status: Status;
  /** When it expires by itself; null for never. */
  ends_at: string | null;
  ended_at: string | null;
  /** When its license is taken from the buyer. Usage is taken for one hour more. */
  deprovisioned_at: string | null;
}

export interface IssuedToken {
  readonly license_arn: string;
  readonly expires_at_ms: number;
}

/** What EventBridge carries. */
export interface EventEnvelope {
  readonly version: '0';
  readonly id: string;
  readonly 'detail-type': string;
  readonly source: string;
  readonly account: string;
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
}

/** Something that the marketplace tells the seller: by EventBridge, or by SNS in the older contract. */
export type Notice =
  | { readonly channel: 'event-bridge'; readonly event: EventEnvelope }
  | {
      readonly channel: 'sns';
      /** The same however often it is delivered. */
      readonly message_id: string;
      readonly timestamp: string;
      readonly topic_arn: string;
      readonly message: object;
    };

/** A notice and what became of it. */
export type NoticeRecord = Notice & {
  readonly id: string;
  readonly agreement_id: string | null;
  /** What it tells: its detail-type, or its action. */
  readonly subject: string;
  /** When it is to be sent. */
  readonly due_at: string;
  status: 'waiting' | 'sent' | 'dropped' | 'failed';
  /** When it was sent, each time. */
  sent_at: string[];
  error: string | null;
};

/** A record of usage as it was answered. */
export interface MeteredRecord {
  readonly metering_record_id: string | null;
  readonly license_arn: string;
  readonly account_id: string;
  readonly product_code: string;
  readonly dimension: string;
  /** Of the usage. */
  readonly timestamp: string;
  readonly quantity: number;
  readonly allocations: readonly {
    readonly quantity: number;
    readonly tags: Readonly<Record<string, string>>;
  }[];
  readonly status: 'Success' | 'DuplicateRecord' | 'CustomerNotSubscribed';
  readonly received_at: string;
  /** The same record had been taken before, and this one changed nothing. */
  readonly is_repeat: boolean;
}

export interface State {
  readonly agreements: Agreement[];
  readonly tokens: Record<string, IssuedToken>;
  readonly notices: NoticeRecord[];
}

export interface MarketplaceStore {
  readonly state: State;
  save(): void;
  /** All records of usage, the newest last. */
  readonly metered: readonly MeteredRecord[];
  /** Adds a record, which is on disk once it is saved. */
  addMetered(record: MeteredRecord): void;
  saveMetered(records: readonly MeteredRecord[]): void;
  /** The record that was accepted for the license, the dimension and the hour of this one. */
  acceptedBefore(
    record: Pick<MeteredRecord, 'license_arn' | 'dimension' | 'timestamp'>,
  ): MeteredRecord | undefined;
}

/**
 * Opens what the marketplace keeps in the data folder: one document, and records of usage as lines of
 * their own, of which there may be many.
 */
export function openState(dataDir: string): MarketplaceStore {
  const store = openStore<State>(join(dataDir, 'marketplace.json'), {
    agreements: [],
    tokens: {},
    notices: [],
  });
  const file = join(dataDir, 'marketplace-metering.jsonl');
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  // A crash may have left half a line at the end.
  const metered: MeteredRecord[] = [];
  const accepted = new Map<string, MeteredRecord>();
  const keyOf = ({
    license_arn,
    dimension,
    timestamp,
  }: Pick<MeteredRecord, 'license_arn' | 'dimension' | 'timestamp'>) =>
    `${license_arn} ${dimension} ${timestamp.slice(0, '2026-01-01T00'.length)}`;
  const add = (record: MeteredRecord) => {
    metered.push(record);
    if (record.status === 'Success' && !record.is_repeat) accepted.set(keyOf(record), record);
  };
  // A crash may have left half a line at the end.
  for (const line of lines) if (line.endsWith('}')) add(JSON.parse(line));
  return {
    state: store.value,
    save: () => store.save(),
    metered,
    addMetered: add,
    saveMetered: (records) =>
      appendFileSync(file, records.map((record) => `${JSON.stringify(record)}\n`).join('')),
    acceptedBefore: (record) => accepted.get(keyOf(record)),
  };
}
