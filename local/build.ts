import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isRecord } from './runtime/json.ts';
import { PlainError } from './runtime/plain-error.ts';
import { isRunning } from './runtime/process.ts';
import { replaceFile } from './runtime/store.ts';

/** The root of the repository. */
export const repository = fileURLToPath(new URL('..', import.meta.url));
const builds = join(repository, 'build/local');

/** The functions do not bundle, or the templates do not synthesize. */
export class BuildError extends PlainError {
  constructor(output: string) {
    super(`The build failed:\n${output}`);
  }
}

/** Folders and files of the repository that decide what the bundles and the templates are. */
export const inputs: readonly string[] = [
  'functions',
  'infra',
  'shared',
  'web',
  'cdk.json',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'local/build.ts',
];

/** Bundles and templates of the local stage. */
export interface Build {
  /** Folder of the cloud assembly. */
  readonly assembly: string;
  /** Folder of a function's bundle, and of the web app. */
  readonly functionFolder: (id: string) => string;
  readonly webFolder: string;
  /** What of the repository went into what, as paths from its root. */
  readonly sources: Sources;
  /** The hash of each input that it was made from. */
  readonly inputs: ReadonlyMap<string, string>;
}

export interface Sources {
  readonly templates: readonly string[];
  readonly functions: Readonly<Record<string, readonly string[]>>;
}

/** Builds that are kept, so that a runner can use its own while another one makes the next. */
const keptBuilds = 3;

/**
 * Bundles and templates of the current sources. Makes them only when something that matters has
 * changed since, and says so by `onBuild`. Rejects with BuildError when that fails.
 */
export async function ensureBuild(onBuild: () => void = () => {}): Promise<Build> {
  const hashes = hashInputs();
  const folder = join(builds, hashOf(hashes));
  const finished = readBuild(folder, hashes);
  if (finished) return finished;
  mkdirSync(builds, { recursive: true });
  const release = await lock(join(builds, 'lock'));
  try {
    const other = readBuild(folder, hashes);
    if (other) return other;
    onBuild();
    rmSync(folder, { recursive: true, force: true });
    await runBuild(folder);
    removeOld(folder);
  } finally {
    release();
  }
  const made = readBuild(folder, hashes);
  if (!made) throw new Error(`The build left nothing in ${folder}`);
  return made;
}

/** The hash of each input's content, by its path from the root of the repository. */
export function hashInputs(): Map<string, string> {
  const files = inputs.flatMap((input) => filesIn(join(repository, input))).sort();
  return new Map(
    files.flatMap((file) => {
      const content = contentOf(file);
      const path = relative(repository, file).split(sep).join('/');
      return content ? [[path, createHash('sha256').update(content).digest('hex')]] : [];
    }),
  );
}

/** The content of a file; none for one that is gone since it was listed. */
function contentOf(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function hashOf(hashes: ReadonlyMap<string, string>): string {
  const lines = [...hashes].map(([path, hash]) => `${hash} ${path}\n`);
  return createHash('sha256').update(lines.join('')).digest('hex').slice(0, 16);
}

function filesIn(path: string): string[] {
  if (!existsSync(path)) return [];
  if (statSync(path).isFile()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** What is written last says that all the rest is there. */
const sourcesFile = 'sources.json';

function readBuild(folder: string, hashes: ReadonlyMap<string, string>): Build | undefined {
  const file = join(folder, sourcesFile);
  if (!existsSync(file)) return undefined;
  return {
    ...layoutOf(folder),
    inputs: hashes,
    sources: JSON.parse(readFileSync(file, 'utf8')) as Sources,
  };
}

const layoutOf = (folder: string) => ({
  assembly: join(folder, 'assembly'),
  functionFolder: (id: string) => join(folder, 'functions', id),
  webFolder: join(folder, 'web'),
});

/**
 * Bundles and synthesizes at the same time, each in a separate process, so that the memory of
 * esbuild and of the CDK goes with them.
 */
async function runBuild(folder: string): Promise<void> {
  const parts = [runPart('bundles', folder), runPart('templates', folder)];
  try {
    await Promise.all(parts.map(({ done }) => done));
  } catch (error) {
    for (const { child } of parts) child.stdin?.end();
    await Promise.allSettled(parts.map(({ done }) => done));
    throw error;
  }
  const read = (part: string): unknown =>
    JSON.parse(readFileSync(join(folder, `${part}.json`), 'utf8'));
  replaceFile(
    join(folder, sourcesFile),
    JSON.stringify({ functions: read('bundles'), templates: read('templates') }),
  );
}

function runPart(part: string, folder: string): { child: ChildProcess; done: Promise<void> } {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), part, folder], {
    cwd: repository,
    stdio: ['pipe', 'pipe', 'pipe'],
    // esbuild collects its garbage less often: a quarter less time for the same memory at its peak.
    env: { GOGC: '400', ...process.env },
  });
  child.stdin.on('error', () => {});
  const done = new Promise<void>((resolve, reject) => {
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
    }
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new BuildError(output.trim()));
    });
  });
  return { child, done };
}

function removeOld(current: string): void {
  const others = readdirSync(builds)
    .filter((name) => /^[0-9a-f]{16}$/.test(name))
    .map((name) => ({ path: join(builds, name), madeAt: statSync(join(builds, name)).mtimeMs }))
    .filter(({ path }) => path !== current)
    .sort((a, b) => b.madeAt - a.madeAt);
  for (const { path } of others.slice(keptBuilds - 1))
    rmSync(path, { recursive: true, force: true });
}

/** Waits until no other process builds. The lock of one that died is taken over. */
async function lock(file: string): Promise<() => void> {
  for (;;) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    if (!isRunning(holderOf(file))) rmSync(file, { force: true });
    else await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function holderOf(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch {
    return 0;
  }
}

/** The bundles of all functions and of the web app. Returns the sources of each function. */
async function makeBundles(folder: string): Promise<Sources['functions']> {
  const { functionFolder, webFolder: web } = layoutOf(folder);
  const functions = functionFolder('');
  const { bundleFunctions, bundleWeb } = await import('../infra/bundle.ts');
  const [made] = await Promise.all([bundleFunctions({ outdir: functions }), bundleWeb(web)]);
  return Object.fromEntries(made.map(({ id, sources }) => [id, sources]));
}

/** The templates; bundles are named by their places. Returns their sources. */
async function makeTemplates(folder: string): Promise<Sources['templates']> {
  const { assembly: outdir, functionFolder, webFolder: web } = layoutOf(folder);
  // esbuild works while the CDK loads.
  const sources = templateSources();
  const { buildLocalApp } = await import('../infra/app.ts');
  const { functionIds } = await import('../infra/bundle.ts');
  for (const asset of [web, ...functionIds().map(functionFolder)])
    mkdirSync(asset, { recursive: true });
  buildLocalApp({ root: folder, bundles: functionFolder(''), web, outdir }).synth();
  return sources;
}

async function templateSources(): Promise<string[]> {
  const [{ build }, { ownSources }] = await Promise.all([
    import('esbuild'),
    import('../infra/bundle.ts'),
  ]);
  const { metafile } = await build({
    entryPoints: ['infra/app.ts'],
    absWorkingDir: repository,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  return ownSources(metafile);
}

/** What failed, and where in the repository: not where in the tools. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const lines = (error.stack ?? error.message).split('\n');
  const isForeign = (line: string) =>
    /^\s+at /.test(line) && (!line.includes(repository) || line.includes('/node_modules/'));
  return lines.filter((line) => !isForeign(line)).join('\n');
}

if (import.meta.main) {
  // Its standard input closes when the runner ends, however that happens.
  process.stdin.on('end', () => process.exit(1)).resume();
  const [part, folder] = process.argv.slice(2);
  if (!folder || (part !== 'bundles' && part !== 'templates'))
    throw new Error('Usage: node local/build.ts bundles|templates <folder>');
  try {
    const made = await (part === 'bundles' ? makeBundles(folder) : makeTemplates(folder));
    replaceFile(join(folder, `${part}.json`), JSON.stringify(made));
    process.exit(0);
  } catch (error) {
    // What esbuild finds it has already printed itself.
    if (!isRecord(error) || !('errors' in error)) console.error(explain(error));
    process.exit(1);
  }
}
