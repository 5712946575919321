import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { jsonRows } from '../../../shared/channels/json-rows.ts';

async function* chunks(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const place = {
  outer: 'data',
  list: 'items',
  frame: z.object({
    error: z.optional(z.literal(false)),
    data: z.object({ items: z.tuple([]) }),
  }),
};

async function rowsOf(text: string, size = 7): Promise<unknown[]> {
  const rows: unknown[] = [];
  for await (const row of jsonRows(chunks(new TextEncoder().encode(text), size), place))
    rows.push(row);
  return rows;
}

/** What JSON.parse finds, if it is rows in their place only. */
function itemsOf(text: string): unknown[] | undefined {
  try {
    const { items } = JSON.parse(text).data;
    const isRow = (item: unknown) =>
      typeof item === 'object' && item !== null && !Array.isArray(item);
    return items.every(isRow) ? items : undefined;
  } catch {
    return undefined;
  }
}

const wellFormed = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((s) => s.isWellFormed());
const row = fc.dictionary(wellFormed, fc.oneof(wellFormed, fc.integer(), fc.json()), {
  maxKeys: 4,
});

describe('the rows of a report', () => {
  it('are those that JSON.parse finds, wherever the network cuts the text', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { maxLength: 6 }),
        fc.integer({ min: 1, max: 40 }),
        async (items, size) => {
          const text = JSON.stringify({
            note: 'a "quoted" {note}',
            data: { other: [{ a: 1 }], items, more: {} },
            error: false,
          });
          const expected = JSON.parse(text).data.items;

          expect(await rowsOf(text, size)).toEqual(expected);
        },
      ),
    );
  });

  it('may have white space around them', async () => {
    expect(
      await rowsOf('\ufeff {"data" : {"items" : [ {"a" : "]\\\\"} ,\r\n\t{"b" : []} ] } } \n'),
    ).toEqual([{ a: ']\\' }, { b: [] }]);
    expect(await rowsOf('{"data":{"items":[ ]}}')).toEqual([]);
  });

  it.each([
    ['numbers', '{"data":{"items":[1,2,3]}}'],
    ['a number among rows', '{"data":{"items":[{"a":1},2]}}'],
    ['nothing for a row', '{"data":{"items":[null]}}'],
    ['what is no JSON for a row', '{"data":{"items":[garbage]}}'],
    ['a text for a row', '{"data":{"items":["{}"]}}'],
    ['rows one deeper', '{"data":{"items":[[{"a":1}]]}}'],
    ['a comma before the rows', '{"data":{"items":[,{"a":1}]}}'],
    ['a comma after the rows', '{"data":{"items":[{"a":1},]}}'],
    ['two commas', '{"data":{"items":[{"a":1},,{"a":1}]}}'],
    ['rows without a comma', '{"data":{"items":[{"a":1}{"a":1}]}}'],
    ['a colon among rows', '{"data":{"items":[{"a":1}:{"a":1}]}}'],
    ['an error with an empty list', '{"error":true,"data":{"items":[]}}'],
    ['an error after the rows', '{"data":{"items":[{"a":1}]},"error":true}'],
    ['a list twice', '{"data":{"items":[{"a":1}],"items":[]}}'],
    ['a list that is taken back', '{"data":{"items":[{"a":1}],"items":null}}'],
    ['a list in a list', '{"data":["items",[{"a":1}]]}'],
    ['what is no JSON before the rows', '{data,"data":{"items":[]}}'],
    ['what is no JSON after the rows', '{"data":{"items":[]},}'],
    ['a word after the end', '{"data":{"items":[]}} end'],
    ['too much around the rows', `{"data":{"items":[]},"x":"${'x'.repeat(100_000)}"}`],
    ['a report cut at a row', '{"data":{"items":[{"a":1},'],
    ['a report cut in a row', '{"data":{"items":[{"a":1},{"a"'],
    ['a report without its end', '{"data":{"items":[{"a":1}]}'],
    ['nothing', ''],
    ['a report without rows', '{"data":{}}'],
    ['rows elsewhere', '{"items":[{"a":1}]}'],
    ['a page of HTML', '<html>{}</html>'],
    ['brackets that do not match', '{"data":{"items":[{"a":1]}}}'],
    ['a row that is no JSON', '{"data":{"items":[{a:1}]}}'],
    ['two documents', '{"data":{"items":[]}}{}'],
    ['a row without an end', `{"data":{"items":[{"a":"${'x'.repeat(100_000)}`],
  ])('refuse %s', async (_, text) => {
    await expect(rowsOf(text, 1000)).rejects.toMatchObject({ code: 'malformed' });
  });

  it('are objects whatever else a report is made of', async () => {
    const token = fc.constantFrom('{', '}', '[', ']', ',', ':', '1', '"a"', '{"a":1}', ' ', '"\\');
    await fc.assert(
      fc.asyncProperty(fc.array(token, { maxLength: 8 }), async (tokens) => {
        const text = `{"data":{"items":[${tokens.join('')}]}}`;
        const expected = itemsOf(text);

        const rows = await rowsOf(text).catch((error: unknown) => error);

        if (expected) expect(rows).toEqual(expected);
        else expect(rows).toMatchObject({ code: 'malformed' });
      }),
      { numRuns: 2000 },
    );
  });

  it('refuse what is not UTF-8', async () => {
    const bytes = chunks(Uint8Array.from([0x7b, 0xff, 0x7d]), 2);

    await expect(jsonRows(bytes, place).next()).rejects.toMatchObject({
      code: 'malformed',
    });
  });
});
