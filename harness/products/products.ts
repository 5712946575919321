import { beforeAll, beforeEach } from 'vitest';
import {
  ChannelError,
  type ChannelPage,
  type ChannelProduct,
} from '../../shared/channels/adapter.ts';
import { noCredentials } from '../../shared/channels/errors.ts';
import type { ChannelName } from '../../shared/channels/names.ts';
import { AppError } from '../../shared/contract/errors.ts';
import { productKeys } from '../../shared/products/keys.ts';
import type { SyncEvent, SyncMessage, SyncPorts } from '../../shared/products/sync/ports.ts';
import { pretendBcrypt } from '../bcrypt.ts';
import { minute, travelTo } from '../clock.ts';
import type { Call } from '../crash.ts';
import { type Member, useWorld, type World } from '../world.ts';

export const morning = Date.UTC(2026, 11, 15, 6);

type Stocked = ChannelProduct & { stock: number };

/** A seller's product, number `index`. */
export function item(index: number, more: Partial<Stocked> = {}): Stocked {
  return {
    external_id: String(1000 + index),
    seller_sku: `SKU-${index}`,
    name: `Product ${index}`,
    barcodes: [`46000000${index}`],
    price: { amount: `${100 + index}.50`, currency: 'RUB' },
    stock: 20 + index,
    ...more,
  };
}
export const items = (count: number, first = 0) =>
  Array.from({ length: count }, (_, index) => item(first + index));

/** Stands in for the channels, the queue and the webhooks of a test. */
export class FakeChannels implements SyncPorts {
  readonly shelves = new Map<string, ChannelProduct[]>();
  readonly sent: (SyncMessage & { delaySeconds: number })[] = [];
  readonly events: { type: string; data: Record<string, unknown>; tenantId: string }[] = [];
  pageSize = 5;
  /** What the next pages throw instead of being read. */
  readonly faults: unknown[] = [];
  /** May throw instead of a page. */
  beforePage: (channel: ChannelName, cursor: string | undefined) => void = () => undefined;
  /** Versions of the saved credentials, where they are not the first ones. */
  readonly versions = new Map<string, string>();
  /** Whether queue and webhooks take what they are given. */
  isReachable: () => boolean = () => true;
  pagesRead = 0;
  /** Pages that were asked for, read or not. */
  asked = 0;

  stock(tenantId: string, products: ChannelProduct[], channel: ChannelName = 'wildberries') {
    this.shelves.set(`${tenantId}/${channel}`, products);
  }

  async channels(tenantId: string): Promise<ChannelName[]> {
    const names = ['wildberries', 'ozon'] as const;
    return names.filter((name) => this.shelves.has(`${tenantId}/${name}`));
  }

  async openChannel(tenantId: string, channel: ChannelName) {
    const version = await this.credentialsVersion(tenantId, channel);
    if (version === undefined) throw new AppError(noCredentials);
    const read = async (cursor: string | undefined): Promise<ChannelPage> => {
      this.asked += 1;
      this.beforePage(channel, cursor);
      const fault = this.faults.shift();
      if (fault !== undefined) throw fault;
      this.pagesRead += 1;
      const shelf = this.shelves.get(`${tenantId}/${channel}`) ?? [];
      const start = Number(cursor ?? 0);
      const end = start + this.pageSize;
      const next = end < shelf.length ? String(end) : undefined;
      return { products: shelf.slice(start, end), next, total: shelf.length, phase: 'products' };
    };
    return { version, read };
  }

  async credentialsVersion(tenantId: string, channel: ChannelName) {
    const place = `${tenantId}/${channel}`;
    return this.shelves.has(place) ? (this.versions.get(place) ?? 'first') : undefined;
  }

  /** Lets pages be other than they are on the shelves. */
  changePages(
    change: (page: ChannelPage, cursor: string | undefined, channel: ChannelName) => ChannelPage,
  ) {
    const openChannel = this.openChannel.bind(this);
    this.openChannel = async (tenantId, channel) => {
      const { version, read } = await openChannel(tenantId, channel);
      return {
        version,
        read: async (cursor) => change(await read(cursor), cursor, channel),
      };
    };
  }

  /** Lets something happen elsewhere around each page. */
  aroundPages(
    tenantOf: string,
    around: { before?: () => Promise<unknown>; after?: () => Promise<unknown> },
  ) {
    const openChannel = this.openChannel.bind(this);
    this.openChannel = async (tenantId, channel) => {
      const { version, read } = await openChannel(tenantId, channel);
      if (tenantId !== tenantOf) return { version, read };
      return {
        version,
        read: async (cursor) => {
          await around.before?.();
          const page = await read(cursor);
          await around.after?.();
          return page;
        },
      };
    };
  }

  async send(message: SyncMessage, delaySeconds = 0): Promise<void> {
    if (!this.isReachable()) throw new Error('The queue is out of reach');
    this.sent.push({ ...message, delaySeconds });
  }

  async publish(tenantId: string, { kind, data }: SyncEvent): Promise<void> {
    if (!this.isReachable()) throw new Error('The webhooks are out of reach');
    this.events.push({ type: kind.type, data, tenantId });
  }

  eventsOf(tenantId: string): string[] {
    return this.events.filter((event) => event.tenantId === tenantId).map(({ type }) => type);
  }
}

export const channelError = (
  code: ChannelError['code'],
  options: { retryAfterMs?: number } = {},
): ChannelError => new ChannelError(code, 'As the test wants', options);

export interface ProductView {
  id: string;
  marketplace: string;
  marketplace_article: string;
  seller_article: string;
  product_name: string;
  total_stock: number;
  price: { amount: string; currency: string } | null;
  updated_at: string;
  missing_since: string | null;
}
export interface ProductPage {
  items: ProductView[];
  total: number;
  page: number;
  page_size: number;
  total_pages: number;
  next_cursor: string | null;
}
export interface RunView {
  task_id: string;
  status: string;
  phase: string | null;
  processed: number;
  total: number | null;
  created: number;
  changed: number;
  missing: number;
  started_at: string;
  completed_at: string | null;
  error: ErrorView | null;
  errors: ErrorView[];
}
interface ErrorView {
  marketplace: string | null;
  code: string;
  detail: string;
}

/** Tenants, their channels and the worker, in the morning of a day. */
export function useProducts(): { world: World } & ReturnType<typeof productTools> {
  const world = useWorld();
  beforeAll(() => {
    travelTo(morning);
    pretendBcrypt('correct horse battery');
  });
  beforeEach(() => {
    travelTo(morning);
  });
  return { world, ...productTools(world) };
}

function productTools(world: World) {
  const modules = async () => ({
    ...(await import('../../shared/products/sync/runs.ts')),
    ...(await import('../../shared/products/sync/start.ts')),
    ...(await import('../../shared/products/sync/worker.ts')),
    ...(await import('../../shared/products/sync/sweep.ts')),
  });
  const start = async (channels: FakeChannels, tenantId: string) => {
    const { startSync } = await modules();
    return startSync(tenantId, 'manual', channels);
  };
  /** Lets the worker have every message, until none is left; waits pass at once. */
  const work = async (channels: FakeChannels, remainingMs = () => 600_000) => {
    const { advanceSync } = await modules();
    for (let rounds = 0; ; rounds += 1) {
      const message = channels.sent.shift();
      if (!message) return;
      if (rounds > 500) throw new Error('The sync does not end');
      const { delaySeconds, ...body } = message;
      if (delaySeconds > 0) travelTo(Date.now() + delaySeconds * 1000);
      await advanceSync(body, channels, remainingMs);
    }
  };
  const tokens = new Map<string, { token: string; untilMs: number }>();
  /** Tests travel far; whose token has expired signs in again. */
  const tokenOf = async ({ email, password }: Member) => {
    const known = tokens.get(email);
    if (known && Date.now() < known.untilMs && Date.now() > known.untilMs - 10 * minute)
      return known.token;
    const { body } = await world.login(email, password);
    tokens.set(email, { token: body.access_token, untilMs: Date.now() + 10 * minute });
    return body.access_token;
  };
  const get = async <T>(member: Member, path: string, query: Record<string, string> = {}) =>
    world.send<T>('GET', path, { token: await tokenOf(member), query });
  return {
    modules,
    start,
    work,
    /** A tenant whose seller has products on Wildberries. */
    async fresh(products: ChannelProduct[] = items(12)) {
      const member = await world.signUp();
      const channels = new FakeChannels();
      channels.stock(member.tenantId, products);
      return { member, channels, tenantId: member.tenantId };
    },
    /** A sync from its start to its end; the run as the API shows it then. */
    async sync(channels: FakeChannels, member: Member): Promise<RunView> {
      const { task_id } = await start(channels, member.tenantId);
      await work(channels);
      return (await get<RunView>(member, `/api/v1/products/sync/${task_id}`)).body;
    },
    get,
    list: (member: Member, query: Record<string, string> = {}) =>
      get<ProductPage>(member, '/api/v1/products', query),
    /** Everything of a tenant that a sync leaves behind, in a form that can be compared. */
    async stateOf({ tenantId }: Pick<Member, 'tenantId'>) {
      const [{ currentCatalogue }, product, { query }] = await Promise.all([
        import('../../shared/products/catalogue/catalogue.ts'),
        import('../../shared/products/product.ts'),
        import('../../shared/table/table.ts'),
      ]);
      const catalogue = await currentCatalogue(tenantId);
      const rows = [...catalogue.find({ low_stock_only: false }, 'marketplace_article')].map(
        (ordinal) => product.fromRow(catalogue.row(ordinal)),
      );
      const all: Record<string, unknown>[] = [];
      for (const { marketplace, external_id } of rows) {
        const id = product.productIdOf(tenantId, marketplace, external_id);
        const { Items = [] } = await query({
          KeyConditionExpression: 'pk = :pk',
          ExpressionAttributeValues: { ':pk': productKeys.product(tenantId, id).pk },
          ConsistentRead: true,
        });
        all.push(...Items);
      }
      return {
        items: all
          .filter(({ sk }) => sk === 'PRODUCT')
          .map(({ pk: _, id: __, sk: ___, ...product }) => product)
          .sort(byExternalId),
        changes: all
          .filter(({ sk }) => sk !== 'PRODUCT')
          .map(({ pk: _, sk: __, ...change }) => JSON.stringify(change, Object.keys(change).sort()))
          .sort(),
        rows,
      };
    },
  };
}

const byExternalId = (a: Record<string, unknown>, b: Record<string, unknown>) =>
  String(a.external_id) < String(b.external_id) ? -1 : 1;

/** The item that a call writes by itself. */
export const writtenBy = ({ input }: Call): string => input.Item?.sk ?? '';
