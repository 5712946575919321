import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isRecord } from './runtime/json.ts';
import { isRunning } from './runtime/process.ts';

const repository = fileURLToPath(new URL('..', import.meta.url));
const builds = join(repository, 'build/local');

/** The functions do not bundle, or the templates do not synthesize. */
export class BuildError extends Error {
  constructor(output: string) {
    super(`The build failed:\n${output}`);
    this.name = 'BuildError';
  }
}

/** Whatever decides what the bundles and the templates are. */
const inputs = [
  'functions',
  'infra',
  'shared',
  'web',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'local/build.ts',
];

/** Assemblies that stay, so that a runner may go on with its own while another one builds anew. */
const keptAssemblies = 3;

/**
 * The folder of the cloud assembly of the local stage. Bundles and synthesizes only when something
 * that matters has changed since, and tells so by `onBuild`. Rejects with BuildError when that fails.
 */
export async function ensureAssembly(onBuild: () => void = () => {}): Promise<string> {
  const assembly = join(builds, inputHash());
  if (existsSync(assembly)) return assembly;
  mkdirSync(builds, { recursive: true });
  const release = await lock(join(builds, 'lock'));
  try {
    if (!existsSync(assembly)) {
      const fresh = `${assembly}.new`;
      rmSync(fresh, { recursive: true, force: true });
      onBuild();
      await runBuild(fresh);
      renameSync(fresh, assembly);
      removeOld();
    }
  } finally {
    release();
  }
  return assembly;
}

function inputHash(): string {
  const hash = createHash('sha256');
  for (const input of inputs) {
    for (const file of filesIn(join(repository, input)).sort()) {
      hash
        .update(file.slice(repository.length))
        .update('\0')
        .update(readFileSync(file))
        .update('\0');
    }
  }
  return hash.digest('hex').slice(0, 16);
}

function filesIn(path: string): string[] {
  if (!existsSync(path)) return [];
  if (statSync(path).isFile()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** A process of its own: the CDK's 150 MB go with it. */
function runBuild(outdir: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [fileURLToPath(import.meta.url), outdir], {
      cwd: repository,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
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
}

function removeOld(): void {
  const assemblies = readdirSync(builds)
    .filter((name) => /^[0-9a-f]{16}$/.test(name))
    .map((name) => ({ path: join(builds, name), madeAt: statSync(join(builds, name)).mtimeMs }))
    .sort((a, b) => b.madeAt - a.madeAt);
  for (const { path } of assemblies.slice(keptAssemblies))
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

if (import.meta.main) {
  // Its standard input closes when the runner ends, however that happens.
  process.stdin.on('end', () => process.exit(1)).resume();
  const outdir = process.argv[2];
  if (!outdir) throw new Error('Usage: node local/build.ts <outdir>');
  try {
    // esbuild works in a process of its own while the CDK loads.
    const bundled = import('../infra/bundle.ts').then(({ bundle }) => bundle());
    const [{ buildApp }] = await Promise.all([import('../infra/app.ts'), bundled]);
    buildApp({ stage: 'local', outdir }).synth();
    process.exit(0);
  } catch (error) {
    // What esbuild finds it has already printed itself.
    if (!isRecord(error) || !('errors' in error)) console.error(error);
    process.exit(1);
  }
}
