/** The keys of an item. */
export interface Key {
  pk: string;
  sk: string;
}

/**
 * Partition keys of one kind, as an IAM `StringLike` pattern: `?` stands for one character of an id.
 * Functions are granted access by family.
 */
export interface KeyFamily {
  readonly name: string;
  readonly pattern: string;
  /** Its partition keys are those of the series index, not of the table. */
  readonly isIndex?: true;
}

/** How items of one kind are stored, for documents. */
export interface ItemKind {
  readonly what: string;
  readonly pk: string;
  readonly sk: string;
  /** Its keys in the series index. */
  readonly series?: string;
}

export type TableAction =
  | 'GetItem'
  | 'BatchGetItem'
  | 'Query'
  | 'PutItem'
  | 'UpdateItem'
  | 'DeleteItem'
  | 'BatchWriteItem'
  | 'ConditionCheckItem';

/** The index that lists a tenant's long-running series by time. Its name in the table. */
export const seriesIndex = 'series';

const segment = /^[A-Za-z0-9_.:/@-]+$/;

/** A value as one segment of a key. Throws on `#` and everything else that could reach another partition. */
export function part(value: string): string {
  if (!segment.test(value))
    throw new TypeError('A key segment has a character that it must not have');
  return value;
}

/** What the partition keys of all items of a tenant start with. */
export const tenantPrefix = (tenantId: string): string => `TENANT#${part(tenantId)}`;

/** {@link tenantPrefix} of any tenant, as a pattern. */
export const tenantPattern = `TENANT#tnt_${'?'.repeat(26)}`;

/** The tenant whose own partition this is. */
export const tenantIdOf = (partition: unknown): string => String(partition).replace('TENANT#', '');
