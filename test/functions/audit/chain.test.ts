import { beforeAll, describe, expect, it } from 'vitest';
import { breakOff, crashes, makeEntries, runWorker } from '../../../harness/audit/audit.ts';
import { pretendBcrypt } from '../../../harness/bcrypt.ts';
import { day, travel, travelTo } from '../../../harness/clock.ts';
import { allItems } from '../../../harness/items.ts';
import { useWorld } from '../../../harness/world.ts';
import { newId } from '../../../shared/runtime/ids.ts';
import { tenantIds } from '../../../shared/tenants/ids.ts';

const world = useWorld();
beforeAll(() => pretendBcrypt('not needed here'));

type Item = Record<string, unknown> & { pk: string; sk: string };
const modules = async () => {
  const [{ verifyChain }, { chainEntries }, table] = await Promise.all([
    import('../../../shared/audit/verify.ts'),
    import('../../../shared/audit/chain.ts'),
    import('../../../shared/table/table.ts'),
  ]);
  return { verifyChain, chainEntries, ...table };
};
const verify = async (tenantId: string) => (await modules()).verifyChain(tenantId);
const itemsOf = async (tenantId: string, kind: string) =>
  ((await allItems()) as Item[])
    .filter(({ pk }) => pk.startsWith(`TENANT#${tenantId}#${kind}`))
    .toSorted((a, b) => (a.sk < b.sk ? -1 : 1));
const entriesOf = (tenantId: string) => itemsOf(tenantId, 'AUDIT#');
const blocksOf = (tenantId: string) => itemsOf(tenantId, 'AUDIT-CHAIN');

/** A tenant with entries in three blocks. */
async function chained(): Promise<string> {
  const tenantId = newId(tenantIds);
  for (const count of [3, 4, 3]) {
    await makeEntries(tenantId, count);
    await runWorker('audit/chain');
  }
  return tenantId;
}

const only = <T>(list: readonly T[], index: number): T => {
  const found = list.at(index);
  if (found === undefined) throw new Error('There are fewer');
  return found;
};

describe('the chain of a tenant', () => {
  it('has every entry once, in blocks that follow each other', async () => {
    const owner = await world.signUp();
    await runWorker('audit/chain');
    await makeEntries(owner.tenantId, 2);
    expect(await verify(owner.tenantId)).toMatchObject({ blocks: 1, entries: 1, pending: 2 });
    await runWorker('audit/chain');

    const [first, second, ...others] = await blocksOf(owner.tenantId);
    expect(others).toEqual([]);
    expect(second).toMatchObject({ sequence: 2, previous: first?.hash });
    expect(await verify(owner.tenantId)).toEqual({
      tenantId: owner.tenantId,
      blocks: 2,
      entries: 3,
      pending: 0,
      faults: [],
      head: { sequence: 2, hash: second?.hash },
    });
    expect((await allItems()).filter(({ pk }) => String(pk).startsWith('AUDIT-PENDING'))).toEqual(
      [],
    );
  });

  it('takes many entries in several blocks', async () => {
    const tenantId = newId(tenantIds);
    await makeEntries(tenantId, 200);
    await runWorker('audit/chain');

    expect(await verify(tenantId)).toMatchObject({ blocks: 3, entries: 200, faults: [] });
  });

  it('is the same whichever of several workers makes it', async () => {
    const tenants = [newId(tenantIds), newId(tenantIds), newId(tenantIds)];
    for (const tenantId of tenants) await makeEntries(tenantId, 95);
    await Promise.all([1, 2, 3].map(() => runWorker('audit/chain')));
    await runWorker('audit/chain');

    for (const tenantId of tenants)
      expect(await verify(tenantId)).toMatchObject({ entries: 95, pending: 0, faults: [] });
  });

  it('is whole after a run that broke off at any call, before or after it', async () => {
    const { chainEntries } = await modules();
    let reached = 0;
    for (const crash of crashes(20)) {
      const tenantId = newId(tenantIds);
      await makeEntries(tenantId, 6);
      if (await breakOff(crash, () => chainEntries({ pageSize: 2 }))) reached += 1;
      expect((await verify(tenantId)).faults, JSON.stringify(crash)).toEqual([]);
      await runWorker('audit/chain');
      expect(await verify(tenantId), JSON.stringify(crash)).toMatchObject({
        entries: 6,
        pending: 0,
        faults: [],
      });
    }
    expect(reached).toBeGreaterThan(20);
  });

  it('goes on for the others where one tenant has a pointer that cannot be read', async () => {
    const tenantId = newId(tenantIds);
    await makeEntries(tenantId, 1);
    const { putItem, deleteItem } = await modules();
    const odd = Array.from({ length: 8 }, (_, shard) => ({
      pk: `AUDIT-PENDING#${shard}`,
      sk: 'x',
    }));
    for (const Item of odd) await putItem({ Item });
    await runWorker('audit/chain');
    for (const Key of odd) await deleteItem({ Key });

    expect(await verify(tenantId)).toMatchObject({ entries: 1, faults: [] });
  });
});

/** What somebody does to the table behind the back of the product, and what shows it. */
const tampering: readonly [
  name: string,
  act: (tenantId: string, entries: Item[], blocks: Item[]) => Promise<unknown>,
  faults: (entries: Item[], blocks: Item[]) => object[],
][] = [
  [
    'an entry with other data',
    async (_, entries) => {
      const { putItem } = await modules();
      await putItem({ Item: { ...only(entries, 4), subject: 'another' } });
    },
    (entries) => [{ kind: 'entry_changed', at: only(entries, 4).sk }],
  ],
  [
    'an entry that is to be deleted earlier',
    async (_, entries) => {
      const { putItem } = await modules();
      await putItem({ Item: { ...only(entries, 0), ttl: 1 } });
    },
    (entries) => [{ kind: 'entry_changed', at: only(entries, 0).sk }],
  ],
  [
    'an entry taken away',
    async (_, entries) => {
      const { deleteItem } = await modules();
      const { pk, sk } = only(entries, 5);
      await deleteItem({ Key: { pk, sk } });
    },
    (entries) => [{ kind: 'entry_missing', at: only(entries, 5).sk }],
  ],
  [
    'an entry that no transaction wrote',
    async (_, entries) => {
      const { putItem } = await modules();
      const copy = only(entries, 2);
      await putItem({ Item: { ...copy, sk: `${copy.sk.slice(0, -1)}!` } });
    },
    (entries) => [{ kind: 'entry_added', at: `${only(entries, 2).sk.slice(0, -1)}!` }],
  ],
  [
    'two entries of a block changing places',
    async (_, __, blocks) => {
      const { putItem } = await modules();
      const block = only(blocks, 1);
      const [a, b, ...rest] = block.entries as unknown[];
      await putItem({ Item: { ...block, entries: [b, a, ...rest] } });
    },
    (entries) => [
      { kind: 'block_changed', at: 2 },
      { kind: 'entry_reordered', at: only(entries, 3).sk },
    ],
  ],
  [
    'an entry and its block, with a hash that fits',
    async (_, entries, blocks) => {
      const [{ putItem }, { blockHash, entryHash }] = await Promise.all([
        modules(),
        import('../../../shared/audit/hashes.ts'),
      ]);
      const changed = { ...only(entries, 3), subject: 'another' };
      await putItem({ Item: changed });
      const { pk, sk, series_pk, series_sk, ttl, ...block } = only(blocks, 1);
      const list = (block.entries as [string, string][]).map(([id, hash]) =>
        id === changed.sk ? [id, entryHash(changed)] : [id, hash],
      );
      const forged = { ...block, entries: list } as never;
      await putItem({
        Item: { pk, sk, series_pk, series_sk, ttl, ...(forged as object), hash: blockHash(forged) },
      });
    },
    () => [{ kind: 'block_unlinked', at: 3 }],
  ],
  [
    'a block taken away',
    async (_, __, blocks) => {
      const { deleteItem } = await modules();
      const { pk, sk } = only(blocks, 1);
      await deleteItem({ Key: { pk, sk } });
    },
    (entries) => [
      { kind: 'block_missing', at: 2 },
      ...entries.slice(3, 7).map(({ sk }) => ({ kind: 'entry_added', at: sk })),
    ],
  ],
  [
    'the first block taken away with its entries',
    async (_, entries, blocks) => {
      const { deleteItem } = await modules();
      for (const { pk, sk } of [...entries.slice(0, 3), only(blocks, 0)])
        await deleteItem({ Key: { pk, sk } });
    },
    () => [{ kind: 'block_missing', at: 1 }],
  ],
];

describe('verification finds', () => {
  it.each(tampering)('%s', async (_, act, faults) => {
    const tenantId = await chained();
    const other = await chained();
    const [entries, blocks] = [await entriesOf(tenantId), await blocksOf(tenantId)];

    await act(tenantId, entries, blocks);

    const found = (await verify(tenantId)).faults;
    const expected = faults(entries, blocks);
    expect(found).toHaveLength(expected.length);
    expect(found).toEqual(expect.arrayContaining(expected));
    expect((await verify(other)).faults).toEqual([]);
  });

  it('an entry that was put in later under an earlier time', async () => {
    const start = Date.now();
    const tenantId = newId(tenantIds);
    travelTo(start);
    await makeEntries(tenantId, 2);
    await runWorker('audit/chain');
    travelTo(start - day);
    await makeEntries(tenantId, 1);
    const [forged] = await entriesOf(tenantId);
    travelTo(start + 1000);
    await runWorker('audit/chain');

    expect((await verify(tenantId)).faults).toEqual([{ kind: 'entry_added', at: forged?.sk }]);
  });

  it('an entry that was taken away with its pointer still there', async () => {
    const tenantId = newId(tenantIds);
    await makeEntries(tenantId, 2);
    const [entry] = await entriesOf(tenantId);
    const { deleteItem } = await modules();
    await deleteItem({ Key: { pk: entry?.pk ?? '', sk: entry?.sk ?? '' } });
    await runWorker('audit/chain');

    expect((await verify(tenantId)).faults).toEqual([{ kind: 'entry_missing', at: entry?.sk }]);
  });

  it('nothing in entries and blocks that are gone because their time was over', async () => {
    const tenantId = await chained();
    travel(200 * day);
    await makeEntries(tenantId, 1);
    await runWorker('audit/chain');
    const { deleteItem } = await modules();
    const [entries, blocks] = [await entriesOf(tenantId), await blocksOf(tenantId)];
    const goneAfter = async (days: number, gone: Item[]) => {
      travel(days * day);
      for (const { pk, sk } of gone) await deleteItem({ Key: { pk, sk } });
      return (await verify(tenantId)).faults;
    };

    expect(await goneAfter(201, entries.slice(0, 10))).toEqual([]);
    // Not in the order of their times: DynamoDB deletes when it comes to it.
    expect(await goneAfter(30, [only(blocks, 1)])).toEqual([]);
    expect(await goneAfter(0, [only(blocks, 0), only(blocks, 2)])).toEqual([]);
    expect(await goneAfter(0, [only(blocks, 3)])).toEqual([
      { kind: 'entry_added', at: only(entries, 10).sk },
    ]);
  });
});
