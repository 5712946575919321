import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonRows } from '../../../shared/sellers/json-rows.ts';

async function* chunks(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function rowsOf(text: string, size = 7): Promise<unknown[]> {
  const rows: unknown[] = [];
  for await (const row of jsonRows(chunks(new TextEncoder().encode(text), size), 'data', 'items'))
    rows.push(row);
  return rows;
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
          });
          const expected = JSON.parse(text).data.items;

          expect(await rowsOf(text, size)).toEqual(expected);
        },
      ),
    );
  });

  it.each([
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

  it('refuse what is not UTF-8', async () => {
    const bytes = chunks(Uint8Array.from([0x7b, 0xff, 0x7d]), 2);

    await expect(jsonRows(bytes, 'data', 'items').next()).rejects.toMatchObject({
      code: 'malformed',
    });
  });
});
