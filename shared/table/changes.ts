type Values = Readonly<Record<string, unknown>>;

/**
 * When a write may happen: an expression with its own values. `#name` in it is the attribute `name`
 * and `:name` the value `name` of the second member.
 */
type Condition = string | readonly [expression: string, values: Values];

/**
 * What an update does to an item, by attribute. `a.b` is the member `b` of the map `a`, which must
 * exist. At least one member changes something.
 */
export interface Changes {
  /** Values to set; undefined ones change nothing. */
  readonly set?: Values;
  /** Values to set where the attribute is absent. */
  readonly setOnce?: Values;
  /** Numbers to add. An absent attribute counts as 0, a member of a map must be there. */
  readonly add?: Readonly<Record<string, number>>;
  readonly remove?: readonly string[];
  readonly if?: Condition;
}

interface Conditional {
  readonly ConditionExpression: string;
  readonly ExpressionAttributeNames?: Record<string, string>;
  readonly ExpressionAttributeValues?: Record<string, unknown>;
}

interface Expressions extends Partial<Conditional> {
  readonly UpdateExpression: string;
}

/** The expressions of an update. Every attribute goes by a placeholder, so reserved words are fine. */
export function changes({
  set = {},
  setOnce = {},
  add = {},
  remove = [],
  if: condition,
}: Changes): Expressions {
  const assigned = Object.keys(set).filter((name) => set[name] !== undefined);
  const once = Object.keys(setOnce);
  const added = Object.keys(add);
  const clauses = [
    [
      'SET',
      ...assigned.map((name) => `${path(name)} = ${value('set', name)}`),
      ...once.map((name) => `${path(name)} = if_not_exists(${path(name)}, ${value('once', name)})`),
      // ADD takes no members of maps.
      ...added
        .filter(isMember)
        .map((name) => `${path(name)} = ${path(name)} + ${value('add', name)}`),
    ],
    [
      'ADD',
      ...added
        .filter((name) => !isMember(name))
        .map((name) => `${path(name)} ${value('add', name)}`),
    ],
    ['REMOVE', ...remove.map(path)],
  ].filter(({ length }) => length > 1);
  const names = [...assigned, ...once, ...added, ...remove].flatMap((name) => name.split('.'));
  const on: Partial<Conditional> = condition === undefined ? {} : when(condition);
  const values = {
    ...valuesOf('set', assigned, set),
    ...valuesOf('once', once, setOnce),
    ...valuesOf('add', added, add),
    ...on.ExpressionAttributeValues,
  };
  return {
    ...on,
    UpdateExpression: clauses.map(([verb, ...parts]) => `${verb} ${parts.join(', ')}`).join(' '),
    ExpressionAttributeNames: { ...namesOf(names), ...on.ExpressionAttributeNames },
    // DynamoDB refuses an empty list of values.
    ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: values }),
  };
}

/** The expressions of a put or a delete that may happen only then. */
export function when(condition: Condition): Conditional {
  const [expression, values] = typeof condition === 'string' ? [condition, {}] : condition;
  const names = [...expression.matchAll(/#(\w+)/g)].map(([, name = '']) => name);
  const given = Object.entries(values).map(([name, each]) => [`:${name}`, each]);
  return {
    ConditionExpression: expression,
    ...(names.length > 0 && { ExpressionAttributeNames: namesOf(names) }),
    ...(given.length > 0 && { ExpressionAttributeValues: Object.fromEntries(given) }),
  };
}

const isMember = (name: string) => name.includes('.');
const path = (name: string) => `#${name.replaceAll('.', '.#')}`;
const value = (verb: string, name: string) => `:${verb}_${name.replaceAll('.', '_')}`;
const namesOf = (names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [`#${name}`, name]));
const valuesOf = (verb: string, names: readonly string[], values: Values) =>
  Object.fromEntries(names.map((name) => [value(verb, name), values[name]]));
