import { readFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { type Expression, type Node, type ObjectExpression, parse } from 'acorn';
import { type Plugin, transform } from 'esbuild';
import { servedMembers } from '../shared/contract/endpoint.ts';

const resolving = Symbol('resolving');

/**
 * Leaves what a function does not use out of its bundle: schemas of other endpoints, clients that
 * it does not call, and what only documents and infra read of its contract entry. esbuild drops
 * unused functions by itself, but a constant such as `z.object(…)` or `new SQSClient(…)` stays
 * because the call might do something else too. In `shared/` none does: a constant there is made
 * for whoever reads it. So each is told to esbuild as pure,
 * and what `shared/` imports as without side effects.
 */
export const unusedValues = (repository: string): Plugin => ({
  name: 'unused-values',
  setup: ({ onLoad, onResolve, resolve }) => {
    const shared = join(repository, 'shared') + sep;
    onResolve({ filter: /^[^./]/ }, async ({ path, ...from }) => {
      if (!from.importer.startsWith(shared) || from.pluginData === resolving) return undefined;
      return { ...(await resolve(path, { ...from, pluginData: resolving })), sideEffects: false };
    });
    onLoad({ filter: /[\\/]shared[\\/].*\.ts$/ }, async ({ path }) => {
      if (!path.startsWith(shared)) return undefined;
      const { code } = await transform(await readFile(path, 'utf8'), { loader: 'ts' });
      return { contents: markUnused(code), loader: 'js' };
    });
  },
});

/** A module with its computed constants marked as pure, and its endpoints without what no handler reads. */
export function markUnused(code: string): string {
  const edits: { at: number; until?: number; text: string }[] = [];
  const { body } = parse(code, { ecmaVersion: 'latest', sourceType: 'module' });
  for (const statement of body) {
    const declaration =
      statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
    if (declaration?.type !== 'VariableDeclaration' || declaration.kind !== 'const') continue;
    for (const { id, init } of declaration.declarations) {
      if (id.type !== 'Identifier' || !init || !isComputed(init)) continue;
      edits.push({ at: init.start, text: '/* @__PURE__ */ (() => (' });
      for (const { start, end } of unservedMembers(init))
        edits.push({ at: start, until: code[end] === ',' ? end + 1 : end, text: '' });
      edits.push({ at: init.end, text: '))()' });
    }
  }
  let marked = '';
  let from = 0;
  for (const { at, until = at, text } of edits) {
    marked += code.slice(from, at) + text;
    from = until;
  }
  return marked + code.slice(from);
}

/** Whether something is called or read to make a value, so that esbuild must expect side effects. */
function isComputed(value: Node): boolean {
  if (/Function|Class/.test(value.type)) return false;
  if (/^(Call|New|Member|TaggedTemplate)|^Spread|Template/.test(value.type)) return true;
  return Object.values(value)
    .flat()
    .some((child) => isNode(child) && isComputed(child));
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value;

const served: ReadonlySet<string> = new Set(servedMembers);

/** The members of `defineEndpoint({…})` that no handler reads. */
function unservedMembers(value: Expression): Node[] {
  if (value.type !== 'CallExpression' || value.callee.type !== 'Identifier') return [];
  const [entry] = value.arguments;
  if (value.callee.name !== 'defineEndpoint' || entry?.type !== 'ObjectExpression') return [];
  return (entry satisfies ObjectExpression).properties.filter(
    (member) =>
      member.type === 'Property' &&
      member.key.type === 'Identifier' &&
      !served.has(member.key.name),
  );
}
