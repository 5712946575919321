type Values = Readonly<Record<string, unknown>>;

/** What an update does to an item, by attribute. At least one member changes something. */
export interface Changes {
  /** Values to set; those that are undefined stay as they are. */
  readonly set?: Values;
  /** Values to set where the attribute is absent. */
  readonly setOnce?: Values;
  /** Numbers to add; an absent attribute counts as 0. */
  readonly add?: Readonly<Record<string, number>>;
  readonly remove?: readonly string[];
  /**
   * When it may happen: an expression with its own values. `#name` in it is the attribute `name`
   * and `:name` the value `name` of the second member.
   */
  readonly if?: string | readonly [expression: string, values: Values];
}

interface Expressions {
  readonly UpdateExpression: string;
  readonly ExpressionAttributeNames: Record<string, string>;
  readonly ExpressionAttributeValues?: Record<string, unknown>;
  readonly ConditionExpression?: string;
}

/** The expressions of an update. Every attribute goes by a placeholder, so reserved words are fine. */
export function changes({
  set = {},
  setOnce = {},
  add = {},
  remove = [],
  if: condition,
}: Changes): Expressions {
  const [when, values] = typeof condition === 'string' ? [condition, {}] : (condition ?? []);
  const assigned = Object.keys(set).filter((name) => set[name] !== undefined);
  const once = Object.keys(setOnce);
  const added = Object.keys(add);
  const clauses = [
    [
      'SET',
      ...assigned.map((name) => `#${name} = :set_${name}`),
      ...once.map((name) => `#${name} = if_not_exists(#${name}, :once_${name})`),
    ],
    ['ADD', ...added.map((name) => `#${name} :add_${name}`)],
    ['REMOVE', ...remove.map((name) => `#${name}`)],
  ].filter(({ length }) => length > 1);
  const conditionNames = [...(when ?? '').matchAll(/#(\w+)/g)].map(([, name = '']) => name);
  const names = [...assigned, ...once, ...added, ...remove, ...conditionNames];
  const given = {
    ...prefixed(':set_', assigned, set),
    ...prefixed(':once_', once, setOnce),
    ...prefixed(':add_', added, add),
    ...prefixed(':', Object.keys(values ?? {}), values ?? {}),
  };
  return {
    UpdateExpression: clauses.map(([verb, ...parts]) => `${verb} ${parts.join(', ')}`).join(' '),
    ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
    // DynamoDB refuses an empty list of values.
    ...(Object.keys(given).length > 0 && { ExpressionAttributeValues: given }),
    ...(when !== undefined && { ConditionExpression: when }),
  };
}

const prefixed = (prefix: string, names: readonly string[], values: Values) =>
  Object.fromEntries(names.map((name) => [prefix + name, values[name]]));
