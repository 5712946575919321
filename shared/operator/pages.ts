import { invalidCursor } from '../contract/core-errors.ts';
import { AppError } from '../contract/errors.ts';
import { seriesIndex } from '../table/family.ts';
import { query } from '../table/table.ts';

/** Which page of a list an operator wants. Cursors are readable: operators may see every key. */
export interface Page {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** A page of a partition of the series index, eventually consistent. Throws `invalid_cursor`. */
export async function seriesPage(
  partition: string,
  { limit, cursor }: Page,
  { newestFirst = false } = {},
): Promise<{ items: Record<string, unknown>[]; next_cursor: string | null }> {
  const { Items = [], LastEvaluatedKey } = await query({
    IndexName: seriesIndex,
    KeyConditionExpression: 'series_pk = :pk',
    ExpressionAttributeValues: { ':pk': partition },
    ScanIndexForward: !newestFirst,
    Limit: limit,
    ...(cursor !== undefined && { ExclusiveStartKey: keyOf(partition, cursor) }),
  });
  const next = LastEvaluatedKey && [
    LastEvaluatedKey.pk,
    LastEvaluatedKey.sk,
    LastEvaluatedKey.series_sk,
  ];
  return {
    items: Items,
    next_cursor: next ? Buffer.from(JSON.stringify(next)).toString('base64url') : null,
  };
}

function keyOf(partition: string, cursor: string) {
  try {
    const [pk, sk, series_sk] = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if ([pk, sk, series_sk].every((text) => typeof text === 'string'))
      return { pk, sk, series_pk: partition, series_sk };
  } catch {
    // Answered below, as everything else that is no cursor.
  }
  throw new AppError(invalidCursor);
}
