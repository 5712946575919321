import { malformedJson } from '../contract/core-errors.ts';
import { AppError } from '../contract/errors.ts';

/**
 * Reads a body as JSON, more strictly than JSON.parse: a byte order mark, text that was not UTF-8,
 * a member twice in one object and `__proto__` are refused. Throws `malformed_json`.
 */
export function parseStrictJson(text: string): unknown {
  if (text.startsWith('\uFEFF')) throw malformed('The body starts with a byte order mark.');
  if (text.includes('\uFFFD')) throw malformed('The body is not valid UTF-8.');
  const value = parse(text);
  assertPlainMembers(text);
  return value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    // Deeply nested text ends in a RangeError, which is as malformed to us.
    throw new AppError(malformedJson, { cause });
  }
}

const malformed = (detail: string) => new AppError(malformedJson, { detail });

const maxDepth = 64;
const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g;

/** Walks the tokens of well-formed JSON and checks the names of members. */
function assertPlainMembers(text: string): void {
  const open: (Set<string> | undefined)[] = [];
  let lastString: string | undefined;
  for (const [found] of text.matchAll(token)) {
    if (found === '{') open.push(new Set());
    else if (found === '[') open.push(undefined);
    else if (found === '}' || found === ']') open.pop();
    else if (found === ':') assertNewMember(open.at(-1), lastString ?? '""');
    lastString = found.startsWith('"') ? found : undefined;
    if (open.length > maxDepth)
      throw malformed(`The body is nested deeper than ${maxDepth} levels.`);
  }
}

function assertNewMember(members: Set<string> | undefined, quoted: string): void {
  const name: string = JSON.parse(quoted);
  if (name === '__proto__') throw malformed('The body has a member named __proto__.');
  if (members?.has(name)) throw malformed('The body has a member twice in one object.');
  members?.add(name);
}
