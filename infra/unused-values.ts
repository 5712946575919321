import { readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { type Expression, type Node, type ObjectExpression, parse } from 'acorn';
import { type Message, type OnLoadResult, type Plugin, transform } from 'esbuild';
import { servedMembers } from '../shared/contract/endpoint.ts';

const resolving = Symbol('resolving');

/**
 * Leaves what a function does not use out of its bundle: schemas of other endpoints, clients that
 * it does not call, and what only documents and infra read of its contract entry. esbuild drops
 * unused functions by itself, but a constant such as `z.object(…)` or `new SQSClient(…)` stays
 * because the call might do something else too. In `shared/` none does: a constant there is made
 * for whoever reads it. So each is told to esbuild as pure,
 * and what `shared/` imports as without side effects. What plainly is there for its effect is
 * refused, by the file that has it. The words of mail stay only in a function that sends it.
 */
export const unusedValues = (
  repository: string,
  { sendsMail = false }: { sendsMail?: boolean } = {},
): Plugin => ({
  name: 'unused-values',
  setup: ({ onLoad, onResolve, resolve }) => {
    const shared = join(repository, 'shared') + sep;
    onResolve({ filter: /^[^./]/ }, async ({ path, ...from }) => {
      if (!from.importer.startsWith(shared) || from.pluginData === resolving) return undefined;
      return { ...(await resolve(path, { ...from, pluginData: resolving })), sideEffects: false };
    });
    onLoad({ filter: /[\\/]shared[\\/].*\.ts$/ }, async ({ path }) => {
      if (!path.startsWith(shared)) return undefined;
      const file = relative(repository, path);
      return load(await readFile(path, 'utf8'), file, sendsMail).catch((error) => ({
        errors: messagesOf(error, file),
      }));
    });
  },
});

async function load(source: string, sourcefile: string, sendsMail: boolean): Promise<OnLoadResult> {
  const { code } = await transform(source, { loader: 'ts', sourcefile, logLevel: 'silent' });
  return { contents: markUnused(code, { sendsMail }), loader: 'js' };
}

/** What esbuild found wrong with a file, or else the sentence of the error. */
const messagesOf = (error: Error & { errors?: Message[] }, file: string) =>
  error.errors ?? [{ text: error.message, location: { file } }];

/**
 * A module with its computed constants marked as pure, its endpoints without what no handler reads, and
 * its mail without words unless the function sends mail.
 * Throws for an import or a constant whose effect would be lost with it.
 */
export function markUnused(
  code: string,
  { sendsMail = false }: { sendsMail?: boolean } = {},
): string {
  const edits: { at: number; until?: number; text: string }[] = [];
  const { body } = parse(code, { ecmaVersion: 'latest', sourceType: 'module' });
  for (const statement of body) {
    if (statement.type === 'ImportDeclaration' && statement.specifiers.length === 0)
      assertOwn(String(statement.source.value));
    const declaration =
      statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
    if (declaration?.type !== 'VariableDeclaration' || declaration.kind !== 'const') continue;
    for (const { id, init } of declaration.declarations) {
      if (id.type !== 'Identifier' || !init || !isComputed(init)) continue;
      if (hasEffect(init) || (declaration === statement && !isRead(id.name, code)))
        throw new Error(`The constant ${id.name} is there for its effect: ${lost}`);
      edits.push({ at: init.start, text: '/* @__PURE__ */ (() => (' });
      for (const { start, end } of unusedMembers(init, sendsMail))
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

const lost =
  'bundles of functions leave it out where its value is not read. Call a function from what needs it.';

/** Modules of this repository keep their statements; those of packages count as without effects. */
function assertOwn(specifier: string): void {
  if (!specifier.startsWith('.'))
    throw new Error(`The import of ${specifier} is there for its effect: ${lost}`);
}

/** Whether making a value plainly changes something else. */
function hasEffect(value: Node): boolean {
  if (/Function|Class/.test(value.type)) return false;
  if (/^(Assignment|Update|Await)Expression/.test(value.type)) return true;
  if (value.type === 'UnaryExpression' && 'operator' in value && value.operator === 'delete')
    return true;
  return childrenOf(value).some(hasEffect);
}

/** Whether a module has a name in a second place, besides its declaration. */
const isRead = (name: string, code: string) =>
  code.match(new RegExp(`(?<![\\w$])${name.replaceAll('$', '\\$')}(?![\\w$])`, 'g'))?.length !== 1;

/** Whether something is called or read to make a value, so that esbuild must expect side effects. */
function isComputed(value: Node): boolean {
  if (/Function|Class/.test(value.type)) return false;
  if (/^(Call|New|Member|TaggedTemplate)|^Spread|Template/.test(value.type)) return true;
  return childrenOf(value).some(isComputed);
}

const childrenOf = (node: Node): Node[] => Object.values(node).flat().filter(isNode);

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value;

const served: ReadonlySet<string> = new Set(servedMembers);

/** The members of `defineEndpoint({…})` that no handler reads, and of `defineMail({…})` the words. */
function unusedMembers(value: Expression, sendsMail: boolean): Node[] {
  if (value.type !== 'CallExpression' || value.callee.type !== 'Identifier') return [];
  const [entry] = value.arguments;
  if (entry?.type !== 'ObjectExpression') return [];
  const isUnused: Record<string, (name: string) => boolean> = {
    defineEndpoint: (name) => !served.has(name),
    defineMail: (name) => !sendsMail && name === 'words',
  };
  const unused = isUnused[value.callee.name];
  return (entry satisfies ObjectExpression).properties.filter(
    (member) =>
      member.type === 'Property' && member.key.type === 'Identifier' && unused?.(member.key.name),
  );
}
