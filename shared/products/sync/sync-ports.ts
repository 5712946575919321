import type { ChannelPage } from '../../channels/adapter.ts';
import type { EventKind } from '../../contract/events.ts';
import type { Marketplace } from '../product.ts';

/** Which run of which tenant a worker shall go on with. */
export interface SyncMessage {
  tenant_id: string;
  run_id: string;
}

export interface SyncEvent {
  kind: EventKind;
  data: Record<string, unknown>;
}

/** Reads one page of a seller's products. Throws ChannelError. */
export type PageReader = (cursor: string | undefined, deadlineMs: number) => Promise<ChannelPage>;

/** A way to a seller's products. */
export interface OpenedChannel {
  /** Differs when the credentials that it uses have been replaced. */
  version: string;
  read: PageReader;
}

/** What a sync needs of the rest of the product. */
export interface SyncPorts {
  /** The marketplaces that the tenant has saved credentials for. */
  marketplaces(tenantId: string): Promise<readonly Marketplace[]>;
  /** The way to a seller's products. Throws `no_credentials`. */
  openChannel(tenantId: string, marketplace: Marketplace): Promise<OpenedChannel>;
  /** The version of the credentials that are saved now; undefined when there are none. */
  credentialsVersion(tenantId: string, marketplace: Marketplace): Promise<string | undefined>;
  /** Lets a worker go on with the run. */
  send(message: SyncMessage, delaySeconds?: number): Promise<void>;
  /** Tells whoever wants to know; the same event may be told twice. */
  publish(tenantId: string, event: SyncEvent): Promise<void>;
}
