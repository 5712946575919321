import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compositionRoots } from '../../operator/composition-roots.ts';
import { newFeature } from '../../operator/feature-new.ts';
import { foldersOf, removeFeature, unsavedIn } from '../../operator/feature-remove.ts';

const checkout = fileURLToPath(new URL('../..', import.meta.url));
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tenantry-operator-'));
  for (const path of compositionRoots) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    cpSync(join(checkout, path), join(root, path));
  }
});
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), 'text\n');
}

function git(...args: string[]): void {
  const names = ['-c', 'user.name=test', '-c', 'user.email=test@example.com'];
  const { status, stderr } = spawnSync('git', [...names, ...args], { cwd: root, encoding: 'utf8' });
  expect(status, stderr).toBe(0);
}

describe('a new feature', () => {
  it('is listed with the others and goes again without a trace', () => {
    const before = compositionRoots.map((path) => readFileSync(join(root, path), 'utf8'));
    newFeature(root, 'sales-orders');
    expect(readFileSync(join(root, 'shared/features.ts'), 'utf8')).toContain('salesOrders');
    removeFeature(root, 'sales-orders');

    expect(foldersOf(root, 'sales-orders')).toEqual([]);
    const after = compositionRoots.map((path) => readFileSync(join(root, path), 'utf8'));
    expect(after.join('').replaceAll(/[\s,]/g, '')).toBe(before.join('').replaceAll(/[\s,]/g, ''));
  });

  it.each([
    ['capitals', 'Notes', 'plural'],
    ['an underscore', 'sales_orders', 'plural'],
    ['no plural', 'note', 'plural'],
    ['two hyphens', 'sales--orders', 'plural'],
    ['a folder', '../notes', 'plural'],
  ])('is refused a name with %s', (_, id, message) => {
    expect(() => newFeature(root, id)).toThrow(message);
  });

  it.each([
    ['a folder of the product', 'keys', 'functions/keys'],
    ['a folder deep in the product', 'resources', 'infra/api/resources'],
    ['a room', 'docs', 'docs'],
  ])('is refused the name of %s', (_, id, folder) => {
    write(join(folder, 'file.ts'));
    expect(() => newFeature(root, id)).toThrow(`there is ${folder} already`);
    expect(existsSync(join(root, 'shared', id))).toBe(false);
  });

  it.each([
    ['one of its own files', 'items'],
    ['the list of features', 'features'],
    ['a word of TypeScript', 'class'],
    ['a value that every module has', 'errors'],
    ['what its templates import', 'timestamps'],
    ['items that the core stores', 'members'],
  ])('is refused the name of %s', (_, id) => {
    const before = readFileSync(join(root, 'shared/features.ts'), 'utf8');
    expect(() => newFeature(root, id)).toThrow(`${id} cannot name a feature`);
    expect(existsSync(join(root, 'functions', id))).toBe(false);
    expect(readFileSync(join(root, 'shared/features.ts'), 'utf8')).toBe(before);
  });
});

describe('what removing a feature would lose', () => {
  it('is each file in its folders that is not committed', () => {
    for (const path of ['shared/notes/a.ts', 'shared/notes/b.ts', 'web/notes/c.ts']) write(path);
    git('init', '--quiet');
    git('add', '.');
    git('commit', '--quiet', '--message', 'all');
    expect(unsavedIn(root, foldersOf(root, 'notes'))).toEqual([]);

    writeFileSync(join(root, 'shared/notes/a.ts'), 'changed\n');
    write('shared/notes/ünew file.ts');
    write('shared/other.ts');
    expect(unsavedIn(root, foldersOf(root, 'notes')).toSorted()).toEqual([
      'shared/notes/a.ts',
      'shared/notes/ünew file.ts',
    ]);
  });

  it('is not known where there is no repository', () => {
    write('shared/notes/a.ts');
    expect(unsavedIn(root, foldersOf(root, 'notes'))).toEqual([]);
  });
});
