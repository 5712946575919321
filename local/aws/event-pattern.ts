import { isRecord } from '../runtime/json.ts';
import { wildcard } from './iam.ts';

/** Whether an event matches a pattern of EventBridge. */
export type Pattern = (event: unknown) => boolean;

type Test = (value: unknown) => boolean;

/** A pattern that cannot be judged. */
export class PatternError extends Error {}

/**
 * Compiles an event pattern: exact values, `prefix`, `suffix`, `equals-ignore-case`, `wildcard`,
 * `anything-but`, `numeric`, `exists` and `$or`. Throws {@link PatternError} for what EventBridge refuses
 * or is not known here.
 */
export function compilePattern(pattern: unknown): Pattern {
  if (!isRecord(pattern) || Object.keys(pattern).length === 0)
    throw new PatternError('an event pattern is an object with members');
  const tests = Object.entries(pattern).map(([name, wanted]): Pattern => {
    if (name === '$or') {
      if (!Array.isArray(wanted)) throw new PatternError('$or needs a list of patterns');
      const alternatives = wanted.map(compilePattern);
      return (event) => alternatives.some((matches) => matches(event));
    }
    const member = (event: unknown) => (isRecord(event) ? event[name] : undefined);
    if (isRecord(wanted)) {
      const inner = compilePattern(wanted);
      return (event) => each(member(event)).some(inner);
    }
    if (!Array.isArray(wanted) || wanted.length === 0)
      throw new PatternError(`${name} needs a list of values`);
    const alternatives = wanted.map(compileValue);
    return (event) => {
      const value = member(event);
      const values = value === undefined ? [undefined] : each(value);
      return alternatives.some((matches) => values.some(matches));
    };
  });
  return (event) => tests.every((matches) => matches(event));
}

/** A list matches where one of its items does. */
const each = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);

function compileValue(wanted: unknown): Test {
  if (!isRecord(wanted)) {
    if (typeof wanted === 'object' && wanted !== null)
      throw new PatternError('a list within a list of values');
    return (value) => value === wanted;
  }
  const [operator = '', ...others] = Object.keys(wanted);
  const operand = wanted[operator];
  const test = operators[operator]?.(operand);
  if (!test || others.length > 0)
    throw new PatternError(`the operator ${operator} with ${JSON.stringify(operand)}`);
  return test;
}

const ofText =
  (test: (text: string) => boolean): Test =>
  (value) =>
    typeof value === 'string' && test(value);

/** A text, or one that is compared without regard to case. */
function textTest(
  operand: unknown,
  test: (text: string, wanted: string) => boolean,
): Test | undefined {
  if (typeof operand === 'string') return ofText((text) => test(text, operand));
  const folded = isRecord(operand) ? operand['equals-ignore-case'] : undefined;
  if (typeof folded !== 'string') return undefined;
  return ofText((text) => test(text.toLowerCase(), folded.toLowerCase()));
}

const operators: Readonly<Record<string, (operand: unknown) => Test | undefined>> = {
  prefix: (operand) => textTest(operand, (text, wanted) => text.startsWith(wanted)),
  suffix: (operand) => textTest(operand, (text, wanted) => text.endsWith(wanted)),
  'equals-ignore-case': (operand) =>
    textTest({ 'equals-ignore-case': operand }, (text, wanted) => text === wanted),
  wildcard: (operand) => {
    if (typeof operand !== 'string' || operand.includes('?')) return undefined;
    const expression = wildcard(operand);
    return ofText((text) => expression.test(text));
  },
  exists: (operand) => {
    if (typeof operand !== 'boolean') return undefined;
    return (value) => (value !== undefined) === operand;
  },
  'anything-but': (operand) => {
    const tests = isRecord(operand)
      ? Object.values(operand)
          .flatMap(each)
          .map((inner) => compileValue({ [Object.keys(operand)[0] ?? '']: inner }))
      : each(operand).map(compileValue);
    return (value) => value !== undefined && !tests.some((test) => test(value));
  },
  numeric: (operand) => {
    if (!Array.isArray(operand) || operand.length === 0 || operand.length % 2) return undefined;
    const comparisons: ((value: number) => boolean)[] = [];
    for (let at = 0; at < operand.length; at += 2) {
      const compare = comparing[String(operand[at])];
      const bound: unknown = operand[at + 1];
      if (!compare || typeof bound !== 'number') return undefined;
      comparisons.push((value) => compare(value, bound));
    }
    return (value) => typeof value === 'number' && comparisons.every((holds) => holds(value));
  },
};

const comparing: Readonly<Record<string, (value: number, bound: number) => boolean>> = {
  '=': (value, bound) => value === bound,
  '<': (value, bound) => value < bound,
  '<=': (value, bound) => value <= bound,
  '>': (value, bound) => value > bound,
  '>=': (value, bound) => value >= bound,
};
