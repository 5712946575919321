import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compositionRoots } from './composition-roots.ts';

const ignored = new Set(['node_modules', 'build', 'cdk.out']);

/** Every folder of a feature, in every room. */
export function foldersOf(root: string, id: string): string[] {
  const found: string[] = [];
  const visit = (folder: string) => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      if (!entry.isDirectory() || entry.name.startsWith('.') || ignored.has(entry.name)) continue;
      const path = join(folder, entry.name);
      if (entry.name === id && folder !== '') found.push(path);
      else visit(path);
    }
  };
  visit('');
  return found;
}

/** Files in folders that git could not bring back: changed or new since the last commit. None without git. */
export function unsavedIn(root: string, folders: readonly string[]): string[] {
  const status = ['status', '--porcelain', '-z', '--no-renames', '--untracked-files=all'];
  const { stdout } = spawnSync('git', [...status, '--', ...folders], {
    cwd: root,
    encoding: 'utf8',
  });
  // `XY path`, where Y is D for a file that is gone already.
  const entries = (stdout ?? '').split('\0').filter((entry) => entry && entry[1] !== 'D');
  return entries.map((entry) => entry.slice(3));
}

/**
 * Takes a feature out of a checkout: its folders, and its lines where features are put together.
 * Returns what it removed and changed.
 */
export function removeFeature(root: string, id: string): { folders: string[]; changed: string[] } {
  const folders = foldersOf(root, id);
  for (const folder of folders) rmSync(join(root, folder), { recursive: true });
  const changed = compositionRoots.filter((path) => {
    const file = join(root, path);
    const text = readFileSync(file, 'utf8');
    const without = withoutFeature(text, id);
    if (without !== text) writeFileSync(file, without);
    return without !== text;
  });
  return { folders, changed };
}

/** The text of a module without the imports from a feature's folder and the uses of their names. */
export function withoutFeature(text: string, id: string): string {
  const names: string[] = [];
  const imports = new RegExp(
    `^import (?:type )?(?:\\{([^}]*)\\}|\\* as (\\w+)|)(?: from )?'\\.{1,2}/${id}/[^']+';\\n`,
    'gm',
  );
  const rest = text.replace(imports, (_, listed?: string, namespace?: string) => {
    const named = (listed ?? namespace ?? '').split(',').map((name) => name.trim());
    names.push(...named.map((name) => name.replace(/^type |^.* as /, '')).filter(Boolean));
    return '';
  });
  return names.reduce(
    (without, name) =>
      without.replace(new RegExp(`[ \\t]*(?:\\.\\.\\.)?\\b${name}\\b,?[ \\t]*\\n?`, 'g'), (use) =>
        use.endsWith('\n') && !use.includes(',') ? '\n' : '',
      ),
    rest,
  );
}
