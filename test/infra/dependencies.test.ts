import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Locked {
  resolved?: string;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

const lock: { packages: Record<string, Locked> } = JSON.parse(
  readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8'),
);

/** Where npm looks for a dependency of the package at `path`. */
function placesFor(path: string, name: string): string[] {
  const folders = path.split(/(?:^|\/)node_modules\//).slice(1);
  return folders
    .concat('')
    .map((_, depth) =>
      [...folders.slice(0, depth), name].map((each) => `node_modules/${each}`).join('/'),
    );
}

describe('the lock file', () => {
  it('has every dependency of every package, also those for other machines: npm ci refuses it otherwise', () => {
    for (const [path, { dependencies, optionalDependencies }] of Object.entries(lock.packages))
      for (const name of Object.keys({ ...dependencies, ...optionalDependencies }))
        expect(
          placesFor(path, name).filter((place) => place in lock.packages),
          `${path} needs ${name}`,
        ).not.toEqual([]);
  });

  it('names no registry', () => {
    for (const [path, { resolved }] of Object.entries(lock.packages))
      expect(resolved, path).toBeUndefined();
  });
});

describe('npm in this folder', () => {
  it('keeps the warnings of packages that ask for Node.js 24 to itself', () => {
    const { stdout } = spawnSync('npm', ['config', 'get', 'loglevel'], {
      cwd: root,
      encoding: 'utf8',
      env: { PATH: process.env.PATH },
    });

    expect(stdout.trim()).toBe('error');
  });
});
