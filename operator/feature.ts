import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { features } from '../shared/features.ts';
import { newFeature } from './feature-new.ts';
import { foldersOf, removeFeature, unsavedIn } from './feature-remove.ts';

const usage = `npm run feature -- list
npm run feature -- new <id>          a small complete feature: endpoints, page, test
npm run feature -- remove <id>       takes a feature out of every room
         --with-dependents           and those that use it
         --discard-changes           even where it has files that are not committed`;
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

function remove(wanted: string, isAll: boolean, isDiscarding: boolean): void {
  const ids = withDependents(removable(wanted));
  const others = ids.filter((id) => id !== wanted);
  if (others.length > 0 && !isAll)
    throw new Error(
      `${others.join(', ')} use ${wanted}: remove them first, or add --with-dependents.`,
    );
  const unsaved = unsavedIn(
    root,
    ids.flatMap((id) => foldersOf(root, id)),
  );
  if (unsaved.length > 0 && !isDiscarding)
    throw new Error(
      `Not committed, so it would be lost:\n${unsaved.map((path) => `  ${path}\n`).join('')}Commit it first, or add --discard-changes.`,
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

/** What follows from the features: formatting of changed files, and the documents. Throws where it fails. */
function finish(): void {
  const steps: Readonly<Record<string, readonly string[]>> = {
    'npx biome check --write .': ['biome', 'check', '--write', '.'],
    'npm run docs': ['node', 'docs/generate.ts'],
    'npm run bench -- capacity': ['node', 'bench/run.ts', 'capacity'],
  };
  console.log(
    'Formatting and making the documents; what endpoints cost takes a minute to measure…',
  );
  const failed = Object.entries(steps).filter(
    ([, command]) =>
      spawnSync('npx', command, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] }).status !== 0,
  );
  if (failed.length > 0)
    throw new Error(
      `Failed: ${failed.map(([name]) => name).join(', ')}. Put right what is said above and run it again, then npm run check.`,
    );
  console.log('Now run: npm run check');
}

function main(): void {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      'with-dependents': { type: 'boolean', default: false },
      'discard-changes': { type: 'boolean', default: false },
    },
  });
  const [command, id, ...rest] = positionals;
  if (values.help || (command === 'help' && !id)) console.log(usage);
  else if (command === 'list' && !id)
    for (const { id: name, isCore } of features)
      console.log(isCore ? `${name} (core)` : `${name}: ${foldersOf(root, name).join(' ')}`);
  else if (command === 'new' && id && rest.length === 0) create(id);
  else if (command === 'remove' && id && rest.length === 0)
    remove(id, values['with-dependents'], values['discard-changes']);
  else throw new Error(usage);
}

try {
  main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
