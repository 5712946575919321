import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { contractForBrowsers } from '../../infra/web-contract.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

const noFeatures: Plugin = {
  name: 'no-features',
  setup: ({ onLoad }) =>
    onLoad({ filter: /[\\/]web[\\/]features\.ts$/ }, () => ({
      contents: 'export const features = [];',
    })),
};

/** The web app as it is when every feature is taken out, and the files that it is made of. */
export async function bundleWithoutFeatures() {
  const { outputFiles, metafile } = await build({
    entryPoints: [{ in: `${root}/web/app/main.ts`, out: 'main' }],
    outdir: 'memory',
    absWorkingDir: root,
    bundle: true,
    format: 'esm',
    write: false,
    metafile: true,
    plugins: [contractForBrowsers, noFeatures],
  });
  const textOf = (ending: string) =>
    outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? '';
  return {
    script: textOf('main.js'),
    styles: textOf('main.css'),
    files: Object.keys(metafile.inputs),
  };
}
