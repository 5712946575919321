import { describe, expect, it } from 'vitest';
import { hour, minute, travel } from '../../../harness/clock.ts';
import { allItems, setTenantStatus } from '../../../harness/items.ts';
import {
  channelError,
  type FakeChannels,
  item,
  items,
  type RunView,
  useProducts,
} from '../../../harness/products/products.ts';
import type { Member } from '../../../harness/world.ts';

const { modules, fresh, start, work, sync, get, list, stateOf } = useProducts();

/** A tenant with twelve products on Wildberries and eight on Ozon, synced. */
async function both() {
  const made = await fresh();
  made.channels.stock(made.tenantId, items(8), 'ozon');
  expect(await sync(made.channels, made.member)).toMatchObject({ status: 'completed', total: 20 });
  travel(hour);
  return made;
}

const stocksOf = async (tenantId: string, marketplace: string) =>
  (await stateOf({ tenantId })).rows
    .filter((row) => row.marketplace === marketplace)
    .map(({ stock, missing_since }) => (missing_since === undefined ? stock : 'missing'));
const as = (products: ReturnType<typeof items>, stock: number) =>
  products.map((one) => ({ ...one, stock }));
const first = items(12).map(({ stock }) => stock);

/** Starts a sync and lets one call of the worker read one page of it. */
async function startedSync(channels: FakeChannels, tenantId: string) {
  const { task_id } = await start(channels, tenantId);
  const { advanceSync } = await modules();
  const message = channels.sent.shift();
  if (message) await advanceSync(message, channels, () => 1000);
  return task_id;
}
const runOf = async (member: Member, taskId: string) =>
  (await get<RunView>(member, `/api/v1/products/sync/${taskId}`)).body;

describe('a marketplace that fails', () => {
  it.each([
    ['wrong_key', 'wrong_key'],
    ['wrong_scope', 'wrong_scope'],
    ['malformed', 'malformed_answer'],
    ['unavailable', 'seller_unavailable'],
  ] as const)(
    'with %s keeps its products as they were, and the other one is synced',
    async (fault, code) => {
      const { member, channels, tenantId } = await both();
      channels.stock(tenantId, as(items(12), 1));
      channels.stock(tenantId, as(items(7), 2), 'ozon');
      // Its first page is read and changes something before it fails.
      channels.beforePage = (marketplace, cursor) => {
        if (marketplace === 'wildberries' && cursor !== undefined) throw channelError(fault);
      };

      const run = await sync(channels, member);

      const error = { marketplace: 'wildberries', code, detail: expect.any(String) };
      expect(run).toMatchObject({
        status: 'failed',
        error,
        errors: [error],
        processed: 7,
        total: 7,
        created: 0,
        changed: 7,
        missing: 1,
      });
      expect(await stocksOf(tenantId, 'wildberries')).toEqual(first);
      expect(await stocksOf(tenantId, 'ozon')).toEqual([2, 2, 2, 2, 2, 2, 2, 'missing']);
      expect(channels.events.at(-1)).toMatchObject({
        type: 'sync.failed',
        data: { error, errors: [error], synced: ['ozon'], processed: 7, changed: 7, missing: 1 },
      });
      const stored = (await stateOf({ tenantId })).items;
      expect(stored.filter(({ stock }) => stock === 1)).toEqual([]);
    },
  );

  it('after the other one drops only what it has brought itself', async () => {
    const { member, channels, tenantId } = await both();
    channels.stock(tenantId, as(items(11), 1));
    channels.stock(tenantId, as(items(9), 2), 'ozon');
    channels.beforePage = (marketplace, cursor) => {
      if (marketplace === 'ozon' && cursor !== undefined) throw channelError('malformed');
    };

    const run = await sync(channels, member);

    expect(run).toMatchObject({
      status: 'failed',
      errors: [{ marketplace: 'ozon', code: 'malformed_answer' }],
      processed: 11,
      changed: 11,
      created: 0,
      missing: 1,
    });
    expect(await stocksOf(tenantId, 'wildberries')).toEqual([
      ...Array.from({ length: 11 }, () => 1),
      'missing',
    ]);
    expect(await stocksOf(tenantId, 'ozon')).toEqual(first.slice(0, 8));

    channels.beforePage = () => undefined;
    expect(await sync(channels, member)).toMatchObject({ status: 'completed', errors: [] });
    expect(await stocksOf(tenantId, 'ozon')).toEqual(Array.from({ length: 9 }, () => 2));
    const segments = (await allItems()).filter(
      ({ pk, sk }) => pk === `TENANT#${tenantId}#CATALOGUE` && String(sk).startsWith('SEGMENT'),
    );
    const { readCurrent, readManifest } = await import(
      '../../../shared/products/catalogue/versions.ts'
    );
    const manifest = await readManifest(tenantId, (await readCurrent(tenantId))?.version ?? '');
    expect(segments).toHaveLength(manifest?.segments.length ?? 0);
  });

  it('like all others fails the run and changes nothing', async () => {
    const { member, channels, tenantId } = await both();
    const before = await stateOf({ tenantId });
    channels.stock(tenantId, as(items(12), 1));
    channels.beforePage = (marketplace, cursor) => {
      if (marketplace === 'ozon') throw channelError('wrong_key');
      if (cursor !== undefined) throw channelError('malformed');
    };

    const run = await sync(channels, member);

    expect(run).toMatchObject({
      status: 'failed',
      error: { marketplace: 'wildberries', code: 'malformed_answer' },
      errors: [
        { marketplace: 'wildberries', code: 'malformed_answer' },
        { marketplace: 'ozon', code: 'wrong_key' },
      ],
      changed: 0,
      missing: 0,
    });
    expect(channels.events.at(-1)).toMatchObject({ type: 'sync.failed', data: { synced: [] } });
    expect(await stateOf({ tenantId })).toEqual(before);
    const left = (await allItems()).filter(({ sk }) => String(sk).includes(run.task_id));
    expect(left.map(({ sk }) => sk)).toEqual([`SYNCRUN#${run.task_id}`]);
  });
});

describe('a marketplace that never comes to an end', () => {
  it('by its limits fails after half a day, and is not asked all the time', async () => {
    const { member, channels, tenantId } = await both();
    channels.stock(tenantId, as(items(8), 2), 'ozon');
    channels.beforePage = (marketplace) => {
      if (marketplace === 'wildberries') throw channelError('rate_limited', { retryAfterMs: 1000 });
    };

    const run = await sync(channels, member);

    expect(run).toMatchObject({
      status: 'failed',
      errors: [{ marketplace: 'wildberries', code: 'seller_unavailable' }],
      changed: 8,
    });
    expect(channels.asked).toBeLessThan(80);
    expect(Date.parse(String(run.completed_at)) - Date.parse(run.started_at)).toBeLessThan(
      13 * hour,
    );
  });

  it('since its cursors go round in a circle has answered wrongly', async () => {
    const { member, channels } = await both();
    channels.changePages((page, cursor, marketplace) =>
      marketplace === 'wildberries' && cursor === '5' ? { ...page, next: '0' } : page,
    );

    expect(await sync(channels, member)).toMatchObject({
      status: 'failed',
      errors: [{ marketplace: 'wildberries', code: 'malformed_answer' }],
    });
    expect(channels.pagesRead).toBeLessThan(30);
  });

  it('is one thing, products that change and are met again are another', async () => {
    const { member, channels } = await both();
    let isAgain = false;
    channels.changePages((page, _, marketplace) => {
      if (page.next !== undefined || isAgain || marketplace === 'ozon') return page;
      isAgain = true;
      return { ...page, next: '0' };
    });

    expect(await sync(channels, member)).toMatchObject({ status: 'completed', processed: 20 });
  });
});

describe('credentials', () => {
  it('that are replaced start the reading of their marketplace over', async () => {
    const { member, channels, tenantId } = await both();
    channels.stock(tenantId, [...as(items(5), 1), item(50)]);
    const task = await startedSync(channels, tenantId);
    // Another account: the place in the products of the first one means nothing in it.
    channels.stock(tenantId, as(items(12, 2), 3));
    channels.versions.set(`${tenantId}/wildberries`, 'second');

    await work(channels);

    expect(await runOf(member, task)).toMatchObject({ status: 'completed', processed: 20 });
    expect(await stocksOf(tenantId, 'wildberries')).toEqual([
      'missing',
      'missing',
      ...Array.from({ length: 12 }, () => 3),
    ]);
  });

  it('that are replaced within one call of the worker are noticed within a minute', async () => {
    const { member, channels, tenantId } = await both();
    channels.stock(tenantId, as(items(12), 1));
    let pages = 0;
    channels.aroundPages(tenantId, {
      after: async () => {
        pages += 1;
        travel(31_000);
        if (pages === 1) channels.versions.set(`${tenantId}/wildberries`, 'second');
      },
    });

    expect(await sync(channels, member)).toMatchObject({ status: 'completed', changed: 12 });
    // Two pages, then three from the beginning, then two of Ozon.
    expect(pages).toBe(7);
  });

  it('that were refused and have been replaced have a try of their own', async () => {
    const { member, channels, tenantId } = await both();
    channels.beforePage = (marketplace) => {
      if (marketplace !== 'wildberries' || channels.versions.size > 0) return;
      channels.versions.set(`${tenantId}/wildberries`, 'second');
      throw channelError('wrong_key');
    };

    expect(await sync(channels, member)).toMatchObject({ status: 'completed', processed: 20 });
  });

  it('that are deleted end the reading, and mark nothing', async () => {
    const { member, channels, tenantId } = await both();
    channels.stock(tenantId, as(items(12), 1));
    channels.aroundPages(tenantId, {
      after: async () => {
        travel(61_000);
        channels.shelves.delete(`${tenantId}/wildberries`);
      },
    });

    expect(await sync(channels, member)).toMatchObject({
      status: 'failed',
      errors: [{ marketplace: 'wildberries', code: 'no_credentials' }],
      processed: 8,
    });
    expect(await stocksOf(tenantId, 'wildberries')).toEqual(first);
  });

  it('that are gone before a sync leave the products of their marketplace as they are', async () => {
    const { member, channels, tenantId } = await both();
    channels.shelves.delete(`${tenantId}/ozon`);
    channels.stock(tenantId, items(11));

    expect(await sync(channels, member)).toMatchObject({ status: 'completed', missing: 1 });

    expect(await stocksOf(tenantId, 'ozon')).toEqual(first.slice(0, 8));
    expect((await list(member, { missing: 'true' })).body.total).toBe(1);
  });
});

describe('a subscription that ends while products are read', () => {
  it('ends the sync within a minute', async () => {
    const { member, channels, tenantId } = await both();
    channels.stock(tenantId, as(items(12), 1));
    const { task_id } = await start(channels, tenantId);
    channels.aroundPages(tenantId, {
      after: async () => {
        travel(61_000);
        await setTenantStatus(member, 'SUSPENDED');
      },
    });
    await work(channels);

    const { getSyncRun } = await modules();
    expect(await getSyncRun(tenantId, task_id)).toMatchObject({
      status: 'failed',
      errors: [{ marketplace: null, code: 'tenant_not_active' }],
    });
    expect(channels.pagesRead).toBe(6);
  });
});

describe('a marketplace without most of its products', () => {
  async function many() {
    const made = await fresh(items(30));
    expect(await sync(made.channels, made.member)).toMatchObject({ created: 30 });
    travel(hour);
    return made;
  }

  it.each([
    ['none', 0, 30],
    ['fewer than half', 14, 16],
  ])('is not believed the first time: %s', async (_, left, missing) => {
    const { member, channels, tenantId } = await many();
    channels.stock(tenantId, items(left));

    const suspected_incomplete = await sync(channels, member);
    expect(suspected_incomplete).toMatchObject({
      status: 'failed',
      error: {
        marketplace: 'wildberries',
        code: 'incomplete_answer',
        detail: expect.stringContaining('the next sync'),
      },
    });
    expect((await list(member, { missing: 'false' })).body.total).toBe(30);

    travel(minute);
    expect(await sync(channels, member)).toMatchObject({ status: 'completed', missing });
    expect((await list(member, { missing: 'false' })).body.total).toBe(left);
  });

  it('stays in doubt while nobody can look again', async () => {
    const { member, channels, tenantId } = await many();
    channels.stock(tenantId, []);
    await sync(channels, member);
    travel(minute);
    channels.faults.push(channelError('wrong_key'));
    await sync(channels, member);
    travel(minute);

    expect(await sync(channels, member)).toMatchObject({ status: 'completed', missing: 30 });
  });

  it('is in doubt anew when it had them again meanwhile', async () => {
    const { member, channels, tenantId } = await many();
    for (const shelf of [[], items(30), []]) {
      channels.stock(tenantId, shelf);
      await sync(channels, member);
      travel(minute);
    }

    expect((await list(member, { missing: 'false' })).body.total).toBe(30);
  });

  it('is believed at once when it had few, or still has half', async () => {
    const { member, channels, tenantId } = await many();
    channels.stock(tenantId, items(15));
    expect(await sync(channels, member)).toMatchObject({ status: 'completed', missing: 15 });

    channels.stock(tenantId, []);
    expect(await sync(channels, member)).toMatchObject({ status: 'completed', missing: 15 });
  });
});

describe('the progress of a sync', () => {
  it('counts a product once, and never shows more of them than there are', async () => {
    const { member, channels } = await fresh();
    channels.changePages((page) => ({
      ...page,
      products: [...page.products, ...page.products],
      total: 3,
    }));

    expect(await sync(channels, member)).toMatchObject({
      status: 'completed',
      processed: 12,
      total: 12,
      created: 12,
    });
  });

  it('shows a total once that of all marketplaces is known, and keeps it', async () => {
    const { member, channels, tenantId } = await fresh(items(12));
    channels.stock(tenantId, items(8), 'ozon');
    const { task_id } = await start(channels, tenantId);
    const seen: string[] = [];
    const { advanceSync } = await modules();
    for (let message = channels.sent.shift(); message; message = channels.sent.shift()) {
      const { delaySeconds: _, ...body } = message;
      await advanceSync(body, channels, () => 1000);
      const { processed, total } = await runOf(member, task_id);
      seen.push(`${processed} of ${total}`);
    }

    expect([...new Set(seen)]).toEqual([
      '5 of null',
      '10 of null',
      '12 of null',
      '17 of 20',
      '20 of 20',
    ]);
  });

  it('is lower than a total that was promised', async () => {
    const { member, channels, tenantId } = await fresh();
    channels.changePages((page) => ({ ...page, total: 2 }));
    const task = await startedSync(channels, tenantId);

    expect(await runOf(member, task)).toMatchObject({ processed: 5, total: 5 });
  });
});
