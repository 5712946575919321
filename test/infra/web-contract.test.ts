import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'tenantry-web-contract-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Bundles a page, changes the contract and a module that it imports, and bundles it again. */
const script = `
import { writeFileSync } from 'node:fs';
import { build } from 'esbuild';
import { contractForBrowsers } from '${new URL('../../infra/web-contract.ts', import.meta.url)}';
const bundle = async () => {
  const { outputFiles } = await build({
    entryPoints: ['page.ts'], absWorkingDir: ${JSON.stringify(folder)}, outdir: 'out', bundle: true, format: 'esm',
    write: false, plugins: [contractForBrowsers],
  });
  return outputFiles[0].text;
};
const before = await bundle();
writeFileSync('${folder}/shared/samples/paths.ts', "export const list = '/old'; export const find = '/found';");
writeFileSync('${folder}/shared/samples/contract.ts', \`import { find } from './paths.ts';
export const listNotes = { method: 'GET', paths: [find], access: { kind: 'public' } };\`);
console.log(JSON.stringify([before, await bundle()]));
`;

describe('the contract in a bundle for browsers', () => {
  it('is the methods, the paths and who may call, as the contract is now', () => {
    mkdirSync(join(folder, 'shared/samples'), { recursive: true });
    writeFileSync(join(folder, 'shared/samples/paths.ts'), "export const list = '/old';");
    writeFileSync(
      join(folder, 'shared/samples/contract.ts'),
      `import { list } from './paths.ts';
export const listNotes = { method: 'GET', paths: [list, '/other'], access: { kind: 'public' }, summary: 'Words' };`,
    );
    writeFileSync(
      join(folder, 'page.ts'),
      "import { listNotes } from './shared/samples/contract.ts'; console.log(listNotes);",
    );

    const output = execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
      encoding: 'utf8',
    });

    const [before = '', after = ''] = JSON.parse(output) as string[];
    expect(before).toContain(
      '{ "method": "GET", "paths": ["/old"], "access": { "kind": "public" } }',
    );
    expect(before).not.toMatch(/Words|other/);
    expect(after).toContain('"/found"');
  });
});
