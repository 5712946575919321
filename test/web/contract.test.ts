import { describe, expect, test } from 'vitest';
import { gatewayPaths } from '../../shared/contract/endpoint.ts';
import { endpoints, eventKinds } from '../../shared/contract/registry.ts';
import { features as allFeatures } from '../../shared/features.ts';
import { accountPagesOf, eventWordsOf } from '../../web/app/pages.ts';
import { features } from '../../web/features.ts';

const pages = accountPagesOf(features);

describe('the rooms of features in the web app', () => {
  test('are all listed in web/features.ts, under the names of the features', () => {
    const rooms = Object.keys(import.meta.glob('../../web/*/index.ts'));

    expect(features.map(({ id }) => `../../web/${id}/index.ts`).toSorted()).toEqual(
      rooms.toSorted(),
    );
    const taken = allFeatures.filter(({ isCore }) => !isCore).map(({ id }) => id);
    for (const { id } of features) expect(taken).toContain(id);
  });

  test('have each page at an address of its own, which none of the API is', () => {
    const paths = pages.map(({ path }) => path);
    const ofApi = endpoints.filter(({ method }) => method === 'GET').flatMap(gatewayPaths);

    expect(new Set(paths).size).toBe(paths.length);
    for (const path of paths) if (path !== '/') expect(ofApi).not.toContain(path);
    expect(paths).toContain('/');
  });

  test('know the pages that theirs are below or set up on', () => {
    for (const { path, parent, setUpOn } of pages)
      for (const other of [parent, setUpOn]) if (other) expect(pages, path).toContain(other);
  });

  test('have words for every event that there is', () => {
    expect(Object.keys(eventWordsOf(features)).toSorted()).toEqual(
      [...eventKinds.keys()].toSorted(),
    );
  });
});

describe('the core of the web app', () => {
  const sources = import.meta.glob<string>('../../web/{app,components,charts,style}/*.{ts,css}', {
    query: '?raw',
    import: 'default',
    eager: true,
  });

  test('has no word of a feature', () => {
    const words = features.flatMap(({ id, pages: own }) => [
      id,
      ...own.flatMap(({ path, title }) => (path === '/' ? [title] : [path, title])),
    ]);
    const found = Object.entries(sources).flatMap(([path, text]) =>
      words
        .filter((word) => text.match(new RegExp(`(?<!\\w)${word}(?!\\w)`)))
        .map((word) => [path, word]),
    );

    expect(Object.keys(sources).length).toBeGreaterThan(20);
    expect(found).toEqual([]);
  });
});
