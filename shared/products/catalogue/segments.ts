import { deflateRawSync, inflateRawSync } from 'node:zlib';
import * as z from 'zod/mini';
import { when } from '../../table/changes.ts';
import { getItem, getMany, queryPages, tryPut, writeMany } from '../../table/table.ts';
import { productKeys } from '../keys.ts';
import type { Row } from '../product.ts';

/**
 * The catalogue of a tenant is a list of segments: compressed rows that never change once the list
 * is published. A later row of a product replaces an earlier one.
 */
export const SegmentRef = z.object({
  run: z.string(),
  number: z.number(),
  rows: z.number(),
});
export type SegmentRef = z.infer<typeof SegmentRef>;

/** An item holds 400 KB. Rows of this many bytes fit even when they do not compress at all. */
export const maxSegmentBytes = 380_000;

const SegmentItem = z.object({ rows: z.instanceof(Uint8Array) });

const fastCompression = { level: 3 };

/** Bytes of a row in a segment before compression. */
export const bytesOf = (row: Row): number => Buffer.byteLength(JSON.stringify(row)) + 1;

/** Writes a segment. Returns false when a later holder of the lease has written it: that stays. */
export async function writeSegment(
  tenantId: string,
  ref: Omit<SegmentRef, 'rows'>,
  rows: readonly Row[],
  fence: number,
): Promise<boolean> {
  return tryPut({
    Item: {
      ...productKeys.catalogueSegment(tenantId, ref.run, ref.number),
      fence,
      rows: deflateRawSync(JSON.stringify(rows), fastCompression),
    },
    ...when(['attribute_not_exists(pk) OR fence <= :fence', { fence }]),
  });
}

/** The rows of a segment, as many as its list knows of. Throws when there is no such segment. */
export async function readSegment(tenantId: string, ref: SegmentRef): Promise<readonly Row[]> {
  const item = await getItem(productKeys.catalogueSegment(tenantId, ref.run, ref.number));
  const rows = rowsOf(item, ref);
  if (!rows) throw new Error('A segment of the catalogue is missing');
  return rows;
}

/**
 * The rows that a list knows of. A worker that died before it could note what it wrote has left more
 * of them in the item; undefined when there are fewer, as in a copy of the table that is behind.
 */
function rowsOf(
  item: Record<string, unknown> | undefined,
  ref: SegmentRef,
): readonly Row[] | undefined {
  const rows = item && unpack(item);
  return rows && rows.length >= ref.rows ? rows.slice(0, ref.rows) : undefined;
}

const segmentsAtOnce = 4;

/** The rows of segments in their order, a few segments at a time. Throws when one is missing. */
export async function* readSegments(
  tenantId: string,
  refs: readonly SegmentRef[],
): AsyncGenerator<readonly Row[]> {
  for (let start = 0; start < refs.length; start += segmentsAtOnce) {
    const wanted = refs.slice(start, start + segmentsAtOnce).map((ref) => ({
      key: productKeys.catalogueSegment(tenantId, ref.run, ref.number),
      ref,
    }));
    const items = await getMany(wanted.map(({ key }) => key));
    const found = new Map(items.map((item) => [item.sk, item]));
    for (const { key, ref } of wanted) {
      // A segment that was written just now may not have reached every copy of the table.
      const rows = rowsOf(found.get(key.sk), ref);
      yield rows ?? (await readSegment(tenantId, ref));
    }
  }
}

/** Written by us: the rows are not validated one by one. */
function unpack(item: Record<string, unknown>): readonly Row[] {
  const { rows } = SegmentItem.parse(item);
  return JSON.parse(inflateRawSync(rows).toString());
}

/** Deletes the segments of a run from a number on, below another: those that no list knows of. */
export async function deleteSegmentsFrom(
  tenantId: string,
  { run, number, below }: { run: string; number: number; below: number },
): Promise<void> {
  const { pk, sk } = productKeys.catalogueSegment(tenantId, run, number);
  const pages = queryPages({
    KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
    ExpressionAttributeValues: {
      ':pk': pk,
      ':from': sk,
      ':to': productKeys.catalogueSegment(tenantId, run, below - 1).sk,
    },
    ProjectionExpression: 'sk',
    ConsistentRead: true,
  });
  for await (const { items } of pages)
    await writeMany(items.map((item) => ({ delete: { pk, sk: String(item.sk) } })));
}

export async function deleteSegments(
  tenantId: string,
  refs: readonly Omit<SegmentRef, 'rows'>[],
): Promise<void> {
  await writeMany(
    refs.map(({ run, number }) => ({
      delete: productKeys.catalogueSegment(tenantId, run, number),
    })),
  );
}
