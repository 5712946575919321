import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundleWeb } from '../../infra/bundle.ts';
import { features } from '../../shared/features.ts';
import { login } from '../../shared/identity/contract.ts';
import { completeProfile } from '../../shared/marketplace/contract.ts';
import { bundleWithoutFeatures } from './without-features.ts';

const sources = fileURLToPath(new URL('../../web/', import.meta.url));
const built = mkdtempSync(join(tmpdir(), 'tenantry-web-'));
const pages = ['index.html', 'docs.html'];

beforeAll(() => bundleWeb(built));
afterAll(() => rmSync(built, { recursive: true }));

describe('the web app', () => {
  test.each(pages)('%s has nothing inline that the policy refuses', (name) => {
    const page = readFileSync(join(sources, name), 'utf8');

    expect(page).not.toMatch(/<style|\sstyle=|\son\w+=|javascript:/i);
    expect(page).not.toMatch(/<script(?![^>]*\ssrc=)/i);
  });

  test.each(pages)('%s refers to files of the site by absolute paths', (name) => {
    const page = readFileSync(join(sources, name), 'utf8');
    const references = [...page.matchAll(/<(?:script|link)[^>]*\s(?:src|href)="([^"]+)"/g)].map(
      ([, reference = '']) => reference,
    );

    const files = references.filter((reference) => !reference.startsWith('data:'));
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) {
      expect(file).toMatch(/^\//);
      expect(existsSync(join(built, file)), file).toBe(true);
    }
  });

  test('is small: neither schemas nor a library for them are in it', () => {
    const script = readFileSync(join(built, 'main.js'), 'utf8');

    expect(statSync(join(built, 'main.js')).size).toBeLessThan(80 * 1024);
    expect(script).not.toMatch(/ZodError|tenantDetection/);
    expect(script).toContain(login.paths[0]);
    expect(script).not.toContain(completeProfile.summary);
  });

  test('is first loaded in 31 KB, compressed', () => {
    const sizes = ['index.html', 'main.js', 'main.css'].map(
      (name) => gzipSync(readFileSync(join(built, name))).length,
    );

    expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(31 * 1024);
  });

  test('is styled by the core first, and then by its features', () => {
    const [core = '', whole = ''] = ['style.css', 'main.css'].map((name) =>
      readFileSync(join(built, name), 'utf8').trim(),
    );

    expect(core.length).toBeGreaterThan(1000);
    expect(whole.startsWith(core)).toBe(true);
  });

  test('is whole without its features, of which it then has nothing', async () => {
    const { script, styles, files } = await bundleWithoutFeatures();
    const ids = features.filter(({ isCore }) => !isCore).map(({ id }) => id);

    expect(script).toContain(login.paths[0]);
    expect(styles).toContain('main');
    expect(files.filter((path) => path.split('/').some((part) => ids.includes(part)))).toEqual([]);
  });

  test('never turns text into markup', async () => {
    for await (const file of glob('**/*.ts', { cwd: sources })) {
      expect(readFileSync(join(sources, file), 'utf8'), file).not.toMatch(
        /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\b/,
      );
    }
  });
});
