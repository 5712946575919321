import type { ChannelPage } from '../../channels/adapter.ts';
import type { ChannelName } from '../../channels/names.ts';
import type { EventKind } from '../../contract/events.ts';

/** Asks a worker to continue a run of a tenant. */
export interface SyncMessage {
  tenant_id: string;
  run_id: string;
}

export interface SyncEvent {
  kind: EventKind;
  data: Record<string, unknown>;
}

/** Reads one page of a channel's products. Throws ChannelError. */
export type PageReader = (cursor: string | undefined, deadlineMs: number) => Promise<ChannelPage>;

/** Access to the products of a tenant in a channel. */
export interface OpenedChannel {
  /** Differs when the credentials that it uses have been replaced. */
  version: string;
  read: PageReader;
}

/** What a sync needs of the rest of the product. */
export interface SyncPorts {
  /** The channels that the tenant has saved credentials for. */
  channels(tenantId: string): Promise<readonly ChannelName[]>;
  /** Access to the tenant's products in a channel. Throws `no_credentials`. */
  openChannel(tenantId: string, channel: ChannelName): Promise<OpenedChannel>;
  /** The version of the credentials that are saved now; undefined when there are none. */
  credentialsVersion(tenantId: string, channel: ChannelName): Promise<string | undefined>;
  /** Asks a worker to continue the run, `delaySeconds` from now. */
  send(message: SyncMessage, delaySeconds?: number): Promise<void>;
  /** Publishes an event to webhooks, at least once. */
  publish(tenantId: string, event: SyncEvent): Promise<void>;
}
