import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  isApiDocumentCurrent,
  isMetricsTableCurrent,
  isOperatorDocumentCurrent,
} from '../../docs/generate.ts';
import { compositionRoots } from '../../operator/composition-roots.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { features } from '../../shared/features.ts';
import { version } from '../../shared/version.ts';

const files = Object.keys(
  import.meta.glob([
    '../../{shared,functions,web,infra,local,harness,bench,test,docs}/**/*.ts',
    '../../test/shared/architecture.test.ts',
  ]),
).map((path) => posix.normalize(posix.join('test/shared', path)));
const sources = files.filter((path) => /^(shared|functions|web)\//.test(path));
const text = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

const taken = new Map(features.filter(({ isCore }) => !isCore).map((one) => [one.id, one]));

/** The feature whose folder a file lies in: `shared/<feature>/…`, `test/shared/<feature>/…`. */
const featureOf = (path: string) => path.split('/').find((part) => taken.has(part));

interface Import {
  readonly target: string;
  readonly isType: boolean;
}

/** What a file imports of this repository: static, bare, re-exported, dynamic and mocked. */
function importsOf(path: string): Import[] {
  const found = text(path).matchAll(
    /(?:\b(import|export)\s+(type\s+)?(?:[\w*{}\s,]+?\s+from\s+)?|\bimport\(\s*|\bvi\.mock\(\s*)'(\.[^']+)'/g,
  );
  return [...found].map(([, , type, specifier = '']) => ({
    target: posix.normalize(posix.join(posix.dirname(path), specifier)),
    isType: type !== undefined,
  }));
}

/** The packages and builtin modules that a file imports for more than their types. */
const packagesOf = (path: string): string[] =>
  [
    ...text(path).matchAll(
      /\b(?:import|export)\s+(?!type\b)(?:[\w*{}\s,]+?\s+from\s+)?'([^.'][^']*)'/g,
    ),
  ].map(([, specifier = '']) => specifier);

const graph = new Map(files.map((path) => [path, importsOf(path)]));

describe('the tree', () => {
  it('has features, and a core beside them', () => {
    expect(sources.filter(featureOf).length).toBeGreaterThanOrEqual(taken.size);
    expect(sources.filter((path) => !featureOf(path)).length).toBeGreaterThan(30);
    expect([...graph.values()].flat().length).toBeGreaterThan(500);
  });

  it('names a feature only in its own folders, in those that use it, and where features are put together', () => {
    const wrong = files.flatMap((path) => {
      const own = featureOf(path);
      const allowed = new Set([own, ...((own && taken.get(own)?.uses) || [])]);
      return (graph.get(path) ?? [])
        .filter(({ target }) => featureOf(target) && !allowed.has(featureOf(target)))
        .filter(() => !compositionRoots.includes(path))
        .map(({ target }) => `${path} imports ${target}`);
    });

    expect(wrong).toEqual([]);
  });

  it('lists the features without the code that runs them: no SDK, no Powertools, no connections', () => {
    const reached = new Set(['shared/features.ts']);
    for (const path of reached)
      for (const { target, isType } of graph.get(path) ?? []) if (!isType) reached.add(target);
    const loaded = [...reached].flatMap((path) =>
      packagesOf(path).map((name) => `${path} imports ${name}`),
    );

    expect(reached.size).toBeGreaterThan(4.25 * features.length);
    expect(loaded.filter((line) => /imports zod\/mini$/.test(line)).length).toBeGreaterThan(5);
    expect(
      loaded.filter((line) => /@aws|@smithy|powertools|node:(http|net|tls)/.test(line)),
    ).toEqual([]);
  });

  it('has each feature in the folder of its name', () => {
    for (const id of taken.keys()) {
      expect(id).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
      expect(files).toContain(`shared/${id}/feature.ts`);
    }
  });

  it('uses features that there are, and in no circle', () => {
    const order: string[] = [];
    const visit = (id: string, above: readonly string[]): void => {
      expect(above, 'a circle').not.toContain(id);
      const feature = features.find((one) => one.id === id);
      expect(feature, id).toBeDefined();
      for (const used of feature?.uses ?? []) visit(used, [...above, id]);
      order.push(id);
    };
    for (const { id } of features) visit(id, []);

    expect(new Set(order).size).toBe(features.length);
  });

  it('has no circle of imports', () => {
    const state = new Map<string, 'open' | 'done'>();
    const circles: string[] = [];
    const visit = (path: string, above: readonly string[]): void => {
      if (state.get(path) === 'done') return;
      if (state.get(path) === 'open') {
        circles.push([...above.slice(above.indexOf(path)), path].join(' > '));
        return;
      }
      state.set(path, 'open');
      for (const { target, isType } of graph.get(path) ?? [])
        if (!isType && graph.has(target)) visit(target, [...above, path]);
      state.set(path, 'done');
    };
    for (const path of files) visit(path, []);

    expect(circles).toEqual([]);
  });

  it('knows nothing of the local runner in what is deployed', () => {
    const wrong = sources.filter((path) =>
      importsOf(path).some(({ target }) => target.startsWith('local/')),
    );

    expect(wrong).toEqual([]);
  });

  it('reaches the AWS SDK only from the domain, never from a handler', () => {
    const handlers = sources.filter((path) => path.startsWith('functions/'));
    const wrong = handlers.filter((path) => /@aws-sdk/.test(text(path)));

    expect(wrong).toEqual([]);
  });
});

describe('documents', () => {
  it('are what the contract makes: run npm run docs', () => {
    expect(isApiDocumentCurrent()).toBe(true);
    expect(isMetricsTableCurrent()).toBe(true);
    expect(isOperatorDocumentCurrent()).toBe(true);
  });

  it('name the version of the package', () => {
    expect(version).toBe(packageJson.version);
  });
});
