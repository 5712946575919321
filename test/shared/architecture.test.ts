import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isApiDocumentCurrent, isMetricsTableCurrent } from '../../docs/generate.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { version } from '../../shared/version.ts';

/** Features by the word that their files carry. A vendor may delete one and keep the rest. */
const features = ['detections', 'products'];
/** Where the features are put together with the core. */
const compositionRoots = [
  'shared/contract/registry.ts',
  'shared/contract/events.ts',
  'web/app/main.ts',
  'shared/contract/metrics.ts',
];

const sources = Object.keys(import.meta.glob('../../{shared,functions,web}/**/*.ts')).map((path) =>
  path.replace('../../', ''),
);

const featureOf = (path: string) => features.find((feature) => path.includes(feature));

function importsOf(path: string): string[] {
  const text = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
  return [...text.matchAll(/from '(\.[^']+)'/g)].map(([, specifier = '']) =>
    new URL(specifier, `file:///${path}`).pathname.slice(1),
  );
}

describe('the tree', () => {
  it('has features, and a core beside them', () => {
    expect(sources.filter(featureOf).length).toBeGreaterThan(3);
    expect(sources.filter((path) => !featureOf(path)).length).toBeGreaterThan(30);
  });

  it('has a core that imports no feature', () => {
    const core = sources.filter((path) => !featureOf(path) && !compositionRoots.includes(path));

    const wrong = core.flatMap((path) =>
      importsOf(path)
        .filter(featureOf)
        .map((target) => `${path} imports ${target}`),
    );

    expect(wrong).toEqual([]);
  });

  it('has no feature that imports another', () => {
    const wrong = sources.filter(featureOf).flatMap((path) =>
      importsOf(path)
        .filter(
          (target) => featureOf(target) !== undefined && featureOf(target) !== featureOf(path),
        )
        .map((target) => `${path} imports ${target}`),
    );

    expect(wrong).toEqual([]);
  });

  it('knows nothing of the local runner in what is deployed', () => {
    const wrong = sources.filter((path) =>
      importsOf(path).some((target) => target.startsWith('local/')),
    );

    expect(wrong).toEqual([]);
  });

  it('reaches the AWS SDK only from the domain, never from a handler', () => {
    const handlers = sources.filter((path) => path.startsWith('functions/'));
    const wrong = handlers.filter((path) =>
      /@aws-sdk/.test(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')),
    );

    expect(wrong).toEqual([]);
  });
});

describe('documents', () => {
  it('are what the contract makes: run npm run docs', () => {
    expect(isApiDocumentCurrent()).toBe(true);
    expect(isMetricsTableCurrent()).toBe(true);
  });

  it('name the version of the package', () => {
    expect(version).toBe(packageJson.version);
  });
});
