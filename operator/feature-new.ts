import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runInNewContext } from 'node:vm';
import { endpoints, idKinds, items } from '../shared/contract/registry.ts';
import { features } from '../shared/features.ts';
import { compositionRoots } from './composition-roots.ts';
import { foldersOf } from './feature-remove.ts';

const templates = fileURLToPath(new URL('./template', import.meta.url));
/** Where the files of a template's folder go. */
const rooms: Readonly<Record<string, string>> = {
  shared: 'shared',
  functions: 'functions',
  harness: 'harness',
  test: 'test/functions',
  web: 'web',
};

const capital = (text: string) => text.replace(/^./, (first) => first.toUpperCase());
const camel = (id: string) => id.replace(/-(\w)/g, (_, first: string) => first.toUpperCase());
const singular = (id: string) => id.replace(/ies$/, 'y').replace(/s$/, '');

/** Three letters of the name that no other kind of ids has. */
function freePrefix(name: string): string {
  const letters = [...new Set(name.replace(/[^a-z]/g, ''))];
  for (const second of letters)
    for (const third of letters) {
      const prefix = `${letters[0]}${second}${third}`;
      if (new Set(prefix).size === 3 && !idKinds.has(prefix)) return prefix;
    }
  return `${letters[0]}xx`;
}

/** The words of the templates, for a feature of an id. */
function wordsOf(id: string): Readonly<Record<string, string>> {
  const one = singular(id);
  return {
    id,
    items: camel(id),
    Items: capital(camel(id)),
    item: camel(one),
    Item: capital(camel(one)),
    word: one.replaceAll('-', ' '),
    words: id.replaceAll('-', ' '),
    Words: capital(id.replaceAll('-', ' ')),
    snake: id.replaceAll('-', '_'),
    KEY: one.replaceAll('-', '').toUpperCase(),
    prefix: freePrefix(one),
  };
}

/** Names that a module has without declaring them, and words of the language that end as plurals do. */
const givenNames: readonly string[] = [
  ...(runInNewContext('Object.getOwnPropertyNames(globalThis)') as string[]),
  'class',
  'this',
];

/** What an id would get in the way of; undefined where it is free. */
function obstacle(root: string, id: string): string | undefined {
  const [folder] = existsSync(join(root, id)) ? [id] : foldersOf(root, id);
  if (folder) return `there is ${folder} already`;
  const words = wordsOf(id);
  const path = `/api/v1/${id}`;
  if (endpoints.some(({ paths }) => paths.includes(path))) return `the API has ${path} already`;
  const stored = items.find(
    ({ pk, sk }) => pk === 'TENANT#<tenant>' && sk.startsWith(`${words.KEY}#`),
  );
  if (stored) return `${stored.sk} is the key of a ${stored.what} already`;
  const own = readdirSync(join(templates, 'shared'));
  if (own.includes(`${id}.ts.txt`)) return `${id}.ts is another file of a feature`;
  const names = [words.items, words.item, words.Items, words.Item];
  const imported = Object.keys(rooms).flatMap((room) =>
    readdirSync(join(templates, room)).flatMap((name) =>
      readFileSync(join(templates, room, name), 'utf8').match(/^import .*/gm),
    ),
  );
  const listed = compositionRoots.map((file) => readFileSync(join(root, file), 'utf8'));
  const text = [...imported, ...listed].join('\n');
  const name = names.find(
    (one = '') => givenNames.includes(one) || new RegExp(`\\b${one}\\b`).test(text),
  );
  return name && `its code would need the name ${name}, which is taken`;
}

/**
 * Writes a small complete feature into a checkout and lists it where features are put together.
 * Returns the files. Throws a sentence for people where the id cannot be taken.
 */
export function newFeature(root: string, id: string): string[] {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*s$/.test(id))
    throw new Error(
      `${id} is no name for a feature: use a plural in lower case, such as sales-orders.`,
    );
  if (features.some((one) => one.id === id)) throw new Error(`There is a feature ${id} already.`);
  const reason = obstacle(root, id);
  if (reason) throw new Error(`${id} cannot name a feature: ${reason}. Choose another name.`);
  const words = wordsOf(id);
  const fill = (text: string) =>
    text.replace(/__(\w+?)__/g, (all, word: string) => words[word] ?? all);

  const written = Object.entries(rooms).flatMap(([folder, room]) =>
    readdirSync(join(templates, folder)).map((name) => {
      const path = join(room, id, fill(name).replace(/\.txt$/, ''));
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), fill(readFileSync(join(templates, folder, name), 'utf8')));
      return path;
    }),
  );
  list(
    root,
    'shared/features.ts',
    `import { ${words.items} } from './${id}/feature.ts';`,
    `${words.items}`,
  );
  list(
    root,
    'web/features.ts',
    `import { ${words.items} } from './${id}/index.ts';`,
    `${words.items}`,
  );
  return written;
}

/** Adds an import to a module, and its name to the end of the module's list of features. */
function list(root: string, path: string, line: string, name: string): void {
  const file = join(root, path);
  const text = readFileSync(file, 'utf8');
  const end = text.lastIndexOf(']');
  writeFileSync(
    file,
    `${line}\n${text
      .slice(0, end)
      .trimEnd()
      .replace(/([^[,]),?$/, '$1, ')}${name}${text.slice(end)}`,
  );
}
