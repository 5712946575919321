import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { useWorld } from '../../../harness/world.ts';
import { changes, when } from '../../../shared/table/changes.ts';

useWorld();
let table: typeof import('../../../shared/table/table.ts');
beforeAll(async () => {
  table = await import('../../../shared/table/table.ts');
});

const newKey = (pk = `TEST#${randomUUID()}`, sk = 'ITEM') => ({ pk, sk });

describe('a write on condition', () => {
  it('says whether a put was written', async () => {
    const { put } = table.create({ ...newKey(), value: 1 });

    expect(await table.tryPut(put)).toBe(true);
    expect(await table.tryPut(put)).toBe(false);
  });

  it('returns what an update asks for, and undefined when its condition fails', async () => {
    const Key = newKey();
    const update = {
      Key,
      ...changes({
        set: { status: 'new' },
        add: { count: 2 },
        if: 'attribute_not_exists(#status)',
      }),
    };

    expect(await table.tryUpdate({ ...update, ReturnValues: 'ALL_NEW' })).toEqual({
      ...Key,
      status: 'new',
      count: 2,
    });
    expect(await table.tryUpdate({ ...update, ReturnValues: 'ALL_NEW' })).toBeUndefined();
  });

  it('returns an empty object when a written update asks for nothing', async () => {
    expect(await table.tryUpdate({ Key: newKey(), ...changes({ set: { value: 1 } }) })).toEqual({});
  });

  it('changes members of a map, and leaves the others', async () => {
    const Key = newKey();
    await table.putItem({ Item: { ...Key, lease: { fence: 1, until: 7, note: 'x' } } });
    const update = {
      Key,
      ...changes({
        set: { 'lease.until': 9 },
        add: { 'lease.fence': 1 },
        if: ['#lease.#until = :until', { until: 7 }],
      }),
    };

    expect(await table.tryUpdate(update)).toEqual({});
    expect(await table.tryUpdate(update)).toBeUndefined();
    expect(await table.getItem(Key)).toEqual({ ...Key, lease: { fence: 2, until: 9, note: 'x' } });
  });

  it('can be a put or a delete, with names and values or without', async () => {
    const Key = newKey();
    const Item = { ...Key, status: 'new' };

    expect(await table.tryPut({ Item, ...when('attribute_exists(#status)') })).toBe(false);
    await table.putItem({ Item });
    const unchanged = when(['#status = :status', { status: 'old' }]);
    expect(await table.transact([{ delete: { Key, ...unchanged } }])).toEqual([true]);
    expect(await table.tryPut({ Item, ...when('attribute_exists(#status)') })).toBe(true);
  });

  it('shows what was in the way to whoever asks', async () => {
    const Key = newKey();
    const update = {
      Key,
      ...changes({ set: { value: 1 }, if: 'attribute_not_exists(pk)' }),
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    } as const;

    expect(await table.updateOrFind(update)).toEqual({ changed: {} });
    expect(await table.updateOrFind(update)).toEqual({
      found: { pk: { S: Key.pk }, sk: { S: Key.sk }, value: { N: '1' } },
    });
    const absent = {
      ...update,
      Key: newKey(),
      ...changes({ add: { value: 1 }, if: '#value = pk' }),
    };
    expect(await table.updateOrFind(absent)).toEqual({ found: undefined });
  });

  it('throws what is no failed condition', async () => {
    const broken = { Key: newKey(), UpdateExpression: 'SET nothing' };

    await expect(table.tryUpdate(broken)).rejects.toThrow(/UpdateExpression|Syntax/i);
  });
});

describe('changes', () => {
  const written = async (change: Parameters<typeof changes>[0], before: object = {}) => {
    const Key = newKey();
    await table.putItem({ Item: { ...Key, ...before } });
    const changed = await table.tryUpdate({ Key, ...changes(change), ReturnValues: 'ALL_NEW' });
    if (!changed) return undefined;
    const { pk: _, sk: __, ...attributes } = changed;
    return attributes;
  };

  it('sets, sets once, adds and removes in one update, reserved words too', async () => {
    const before = { count: 1, value: 'old', ttl: 9, status: 'old', name: 'kept' };

    expect(
      await written(
        {
          set: { status: 'new', size: null, day: undefined },
          setOnce: { name: 'other', year: 2026 },
          add: { count: 2, total: -1 },
          remove: ['ttl', 'absent'],
          if: ['#status = :status AND #count < :limit', { status: 'old', limit: 2 }],
        },
        before,
      ),
    ).toEqual({
      count: 3,
      value: 'old',
      status: 'new',
      size: null,
      name: 'kept',
      year: 2026,
      total: -1,
    });
  });

  it.each([
    ['only removes', { remove: ['value'] }, {}],
    ['only adds', { add: { value: 1 } }, { value: 2 }],
    ['only sets once', { setOnce: { value: 5, more: 5 } }, { value: 1, more: 5 }],
  ])('%s', async (_, change, expected) => {
    expect(await written(change, { value: 1 })).toEqual(expected);
  });

  it('keeps the values of its condition apart from those it sets', async () => {
    const change = { set: { version: 2 }, if: ['#version = :version', { version: 1 }] } as const;

    expect(await written(change, { version: 1 })).toEqual({ version: 2 });
    expect(await written(change, { version: 3 })).toBeUndefined();
  });
});

describe('the pages of a query', () => {
  const all = async <T>(pages: AsyncIterable<T>): Promise<T[]> => {
    const found: T[] = [];
    for await (const page of pages) found.push(page);
    return found;
  };

  it('come one after the other until the last, and only as far as they are asked for', async () => {
    const { pk } = newKey();
    const sks = Array.from({ length: 5 }, (_, index) => `ITEM#${index}`);
    await table.writeMany(sks.map((sk) => ({ put: { pk, sk } })));
    const pagesOf = () =>
      table.queryPages({
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': pk },
        Limit: 2,
      });

    const pages = await all(pagesOf());

    expect(pages.map(({ items }) => items.map(({ sk }) => sk))).toEqual([
      sks.slice(0, 2),
      sks.slice(2, 4),
      sks.slice(4),
    ]);
    expect(pages.map(({ isLast }) => isLast)).toEqual([false, false, true]);
    for await (const { items } of pagesOf()) {
      expect(items).toHaveLength(2);
      break;
    }
  });

  it('has one empty last page where there is nothing', async () => {
    const pages = table.queryPages({
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': newKey().pk },
    });

    expect(await all(pages)).toEqual([{ items: [], isLast: true }]);
  });
});
