import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { features } from '../shared/features.ts';
import { newFeature } from './feature-new.ts';
import { foldersOf, removeFeature } from './feature-remove.ts';

const usage = `npm run feature -- list
npm run feature -- new <id>          a small complete feature: endpoints, page, test
npm run feature -- remove <id>       takes a feature out of every room
         --with-dependents           and those that use it`;
const root = fileURLToPath(new URL('..', import.meta.url));

/** The feature of an id that may be taken out. Throws a sentence for people. */
function removable(id: string): string {
  const feature = features.find((one) => one.id === id);
  const choices = features.filter(({ isCore }) => !isCore).map((one) => one.id);
  if (!feature) throw new Error(`There is no feature ${id}; there are ${choices.join(', ')}.`);
  if (feature.isCore)
    throw new Error(`${id} is of the core, which stays. Features are ${choices.join(', ')}.`);
  return id;
}

/** A feature and all that use it, those that use it first. */
function withDependents(id: string): string[] {
  const dependents = features.filter(({ uses }) => uses?.includes(id)).map((one) => one.id);
  return [...new Set([...dependents.flatMap(withDependents), id])];
}

function remove(wanted: string, isAll: boolean): void {
  const ids = withDependents(removable(wanted));
  const others = ids.filter((id) => id !== wanted);
  if (others.length > 0 && !isAll)
    throw new Error(
      `${others.join(', ')} use ${wanted}: remove them first, or add --with-dependents.`,
    );
  for (const id of ids) {
    const { folders, changed } = removeFeature(root, id);
    for (const folder of folders) console.log(`removed  ${folder}`);
    for (const file of changed) console.log(`changed  ${file}`);
  }
  finish();
}

function create(id: string): void {
  for (const file of newFeature(root, id)) console.log(`written  ${file}`);
  finish();
}

/** What follows from the features: formatting of changed files, and the documents. */
function finish(): void {
  const run = (...command: string[]) =>
    spawnSync('npx', command, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  run('biome', 'check', '--write', '.');
  run('node', 'docs/generate.ts');
  run('node', 'bench/run.ts', 'capacity');
  console.log('Now run: npm run check');
}

function main(): void {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { 'with-dependents': { type: 'boolean', default: false } },
  });
  const [command, id] = positionals;
  if (command === 'list')
    for (const { id: name, isCore } of features)
      console.log(isCore ? `${name} (core)` : `${name}: ${foldersOf(root, name).join(' ')}`);
  else if (command === 'new' && id) create(id);
  else if (command === 'remove' && id) remove(id, values['with-dependents']);
  else throw new Error(usage);
}

try {
  main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
