import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type LogLevel, type Metafile, type Plugin } from 'esbuild';
import { authorizer, fallback, rotateSigningKeys } from '../shared/contract/background.ts';
import type { NativePackage, Needs } from '../shared/contract/endpoint.ts';
import { endpoints, workers } from '../shared/contract/registry.ts';
import { nativeParts, requireBindings } from './native-packages.ts';
import { unusedValues } from './unused-values.ts';
import { contractForBrowsers } from './web-contract.ts';

const repository = fileURLToPath(new URL('..', import.meta.url));
const root = (path: string) => join(repository, path);

/** Where bundles land unless a caller says otherwise. */
export const functionsFolder = root('build/functions');
export const webFolder = root('build/web');

/**
 * What the AWS SDK would load for operations that stream events, and none of ours does. Left out, it
 * also lets the rest of the SDK be shaken: 20 KB and 2 ms of every function with a table.
 */
const unusedParts = ['@smithy/core/event-streams'];

/** The client of S3 does not load without it. */
const needsAllParts = ({ buckets = [] }: Needs) => buckets.length > 0;

/** Takes our loader of the compiled part for the one of @node-rs/bcrypt. */
const nativeBinding: Plugin = {
  name: 'native-binding',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^\.\/binding$/ }, ({ importer }) =>
      importer.includes('@node-rs') ? { path: root('infra/native-binding.cjs') } : undefined,
    ),
};

/** Functions that tell of all endpoints: they have the contract as it stands. */
const describesAll: readonly string[] = ['service/openapi', fallback.id];

/** Takes ours for the reader of the SDK's configuration files. */
const noConfigFiles: Plugin = {
  name: 'no-config-files',
  setup: ({ onResolve }) =>
    onResolve({ filter: /\/loadSharedConfigFiles$/ }, ({ importer }) =>
      /[\\/]@smithy[\\/]core[\\/]/.test(importer)
        ? { path: root('infra/lambda-config-files.ts') }
        : undefined,
    ),
};

export interface BundledFunction {
  readonly id: string;
  /** The folder that becomes the function's code. */
  readonly folder: string;
  /** Size of the minified JavaScript, without compiled files. */
  readonly bytes: number;
  /** Packages whose compiled files lie beside the bundle. */
  readonly nativePackages: readonly NativePackage[];
  /** Source files in the bundle and the bytes each contributes. */
  readonly inputs: Readonly<Record<string, number>>;
  /** Files of the repository that it is made from, those whose code was dropped included. */
  readonly sources: readonly string[];
}

const entries = [...endpoints, authorizer, fallback, rotateSigningKeys, ...workers];

/** Ids of all functions, those of the local stage included, in the order of the contract. */
export function functionIds(): string[] {
  return entries.map(({ id }) => id);
}

/** Bundles all functions in one esbuild call. Throws if a handler is missing or does not build. */
export async function bundleFunctions(
  options: { ids?: readonly string[]; sources?: string; outdir?: string; logLevel?: LogLevel } = {},
): Promise<BundledFunction[]> {
  const { ids = functionIds(), sources = root('functions'), outdir = functionsFolder } = options;
  const { logLevel = 'warning' } = options;
  requireBindings();

  const groups = Map.groupBy(ids, kindOf);
  const made = new Map(
    await Promise.all(
      [...groups].map(async ([kind, some]) => {
        const { plugins, external } = kinds[kind];
        const options = { ids: some, sources, outdir, logLevel, plugins, external };
        return [kind, await bundleWith(options)] as const;
      }),
    ),
  );
  return ids.flatMap((id) => {
    const metafile = made.get(kindOf(id));
    return metafile ? [finish(id, join(outdir, id), metafile)] : [];
  });
}

/** What functions are bundled together, because it is done in the same way. */
const kinds = {
  served: { plugins: [unusedValues(repository)], external: unusedParts },
  mail: { plugins: [unusedValues(repository, { sendsMail: true })], external: unusedParts },
  whole: { plugins: [], external: unusedParts },
  withAllParts: { plugins: [unusedValues(repository)], external: [] },
} as const satisfies Record<string, Pick<Bundling, 'plugins' | 'external'>>;

function kindOf(id: string): keyof typeof kinds {
  if (describesAll.includes(id)) return 'whole';
  if (sendsMail(id)) return 'mail';
  const entry = entries.find((each) => each.id === id);
  return entry && needsAllParts(entry) ? 'withAllParts' : 'served';
}

/** Functions that make mail: they have its words. */
const sendsMail = (id: string): boolean =>
  entries.some((entry) => entry.id === id && entry.mail === 'sends');

interface Bundling {
  ids: readonly string[];
  sources: string;
  outdir: string;
  logLevel: LogLevel;
  plugins: readonly Plugin[];
  /** What is left out. */
  external: readonly string[];
}

async function bundleWith(options: Bundling): Promise<Metafile> {
  const { ids, sources, outdir, logLevel, plugins, external } = options;
  const { metafile } = await build({
    entryPoints: ids.map((id) => ({ in: join(sources, `${id}.ts`), out: `${id}/index` })),
    outdir,
    absWorkingDir: repository,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node24',
    minify: true,
    legalComments: 'none',
    mainFields: ['module', 'main'],
    loader: { '.html': 'text' },
    external: [...external],
    alias: { '@aws-sdk/credential-provider-node': root('infra/lambda-credentials.ts') },
    plugins: [nativeBinding, noConfigFiles, ...plugins],
    metafile: true,
    logLevel,
  });
  return metafile;
}

function finish(id: string, folder: string, metafile: Metafile): BundledFunction {
  const output = Object.entries(metafile.outputs).find(
    ([path]) => join(repository, path) === join(folder, 'index.js'),
  )?.[1];
  if (!output) throw new Error(`esbuild made no bundle for ${id}`);

  // The repository's own package.json makes .js files ES modules; the bundle is CommonJS.
  writeFileSync(join(folder, 'package.json'), '{"type":"commonjs"}\n');
  const registry = output.inputs['shared/contract/registry.ts'];
  if (registry?.bytesInOutput && !describesAll.includes(id))
    throw new Error(`${id} reads the whole contract: list it in describesAll, in infra/bundle.ts`);
  const native = nativePackagesIn(output.inputs);
  const entry = entries.find((each) => each.id === id);
  if (entry && native.join() !== (entry.native ?? []).join())
    throw new Error(
      `The contract entry of ${id} must say native: [${native.map((name) => `'${name}'`).join()}]; its processor depends on it`,
    );
  for (const name of native)
    for (const [to, from] of Object.entries(nativeParts[name].files))
      copy(root(`node_modules/${from}`), join(folder, to));
  const inputs = Object.entries(output.inputs).map(([path, { bytesInOutput }]) => [
    path,
    bytesInOutput,
  ]);
  return {
    id,
    folder,
    bytes: output.bytes,
    nativePackages: native,
    inputs: Object.fromEntries(inputs),
    sources: ownSources(metafile, output.entryPoint),
  };
}

function nativePackagesIn(inputs: Readonly<Record<string, unknown>>): NativePackage[] {
  return (Object.keys(nativeParts) as NativePackage[]).filter((name) =>
    // Where node_modules is a link, its files lie outside the repository.
    Object.keys(inputs).some((path) => `/${path}`.includes(`/node_modules/${name}/`)),
  );
}

/** What an entry point imports, directly or not, without packages; everything there is without one. */
export function ownSources({ inputs }: Metafile, entry?: string): string[] {
  const isOwn = (path: string) => !/(^|\/)node_modules\/|^\.\.|:/.test(path);
  const reached = new Set(entry === undefined ? Object.keys(inputs) : [entry]);
  for (const path of reached) {
    if (!isOwn(path)) continue;
    for (const imported of inputs[path]?.imports ?? []) reached.add(imported.path);
  }
  return [...reached].filter((path) => path in inputs && isOwn(path)).sort();
}

/**
 * Bundles the web app with the styles of its features (`main.js`, `main.css`), the styles of the
 * pages that the API makes (`style.css`) and the script of its documents, and lays their static
 * files beside them.
 */
export async function bundleWeb(outdir = webFolder, logLevel: LogLevel = 'warning'): Promise<void> {
  await build({
    entryPoints: [
      { in: root('web/app/main.ts'), out: 'main' },
      { in: root('web/app/docs.ts'), out: 'assets/docs' },
      { in: root('web/style/style.css'), out: 'style' },
    ],
    outdir,
    absWorkingDir: repository,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    plugins: [contractForBrowsers],
    logLevel,
  });
  copy(root('web/index.html'), join(outdir, 'index.html'));
  for (const file of ['swagger-ui.css', 'swagger-ui-bundle.js']) {
    copy(root(`node_modules/swagger-ui-dist/${file}`), join(outdir, 'assets/swagger', file));
  }
}

/** Bundles everything that is deployed, and keeps the sizes in `build/sizes.json`. */
export async function bundle(): Promise<BundledFunction[]> {
  for (const folder of [functionsFolder, webFolder])
    rmSync(folder, { recursive: true, force: true });
  const [functions] = await Promise.all([bundleFunctions(), bundleWeb()]);
  writeFileSync(
    root('build/sizes.json'),
    `${JSON.stringify(Object.fromEntries(functions.map(({ id, bytes }) => [id, bytes])), null, 2)}\n`,
  );
  return functions;
}

function copy(from: string, to: string): void {
  if (!existsSync(from)) throw new Error(`${from} is missing: run npm ci`);
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to);
}

if (import.meta.main) {
  const startedAt = performance.now();
  for (const { id, bytes, nativePackages: native } of await bundle()) {
    console.log(
      `${(bytes / 1024).toFixed(1).padStart(8)} KB  ${id}${native.map((name) => ` + ${name}`).join('')}`,
    );
  }
  console.log(`${Math.round(performance.now() - startedAt)} ms`);
}
