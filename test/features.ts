/**
 * Takes each feature out of a copy of this checkout, and all of them, and makes a new one: types,
 * lint, synthesis with its checks and the tests of the core must hold every time.
 */
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type FeatureVariant, featureVariants, removableIds } from '../harness/feature-variants.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The files that belong to the checkout, committed or not. */
function filesOf(): string[] {
  const { stdout } = spawnSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout.split('\0').filter(Boolean);
}

function copyCheckout(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tenantry-features-'));
  for (const path of filesOf()) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(join(root, path), join(folder, path));
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

/** Runs a command quietly; returns what it printed where it failed. */
function run(folder: string, command: readonly string[]): Promise<string | undefined> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    // Variants run side by side, one on each core.
    env: { ...process.env, VITEST_MAX_WORKERS: '1' },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) =>
      resolve(code === 0 ? undefined : `${command.join(' ')}\n${output}`),
    );
  });
}

/** The checks of a variant; undefined where all hold. */
async function failureOf(variant: FeatureVariant, folder: string): Promise<string | undefined> {
  const { calls } = variant;
  const foreign = removableIds.flatMap((id) => ['--exclude', `test/**/${id}/**`]);
  const commands = [
    ...calls.map((args) => ['npm', 'run', '--silent', 'feature', '--', ...args]),
    ['npm', 'run', '--silent', 'lint'],
    ['npm', 'run', '--silent', 'types'],
    ['npx', 'cdk', 'synth', '--quiet', '-c', 'stage=dev'],
    [
      'npx',
      'vitest',
      'run',
      '--project',
      'shared',
      '--project',
      'functions',
      // What templates are tested for takes a minute: once without any feature, once with a new one.
      ...(isWhole(variant) ? ['--project', 'capacity', '--project', 'infra'] : []),
      ...foreign,
    ],
  ];
  for (const command of commands) {
    const failure = await run(folder, command);
    if (failure !== undefined) return failure;
  }
  return undefined;
}

/** Whether the templates of a variant are tested too. */
const isWhole = ({ calls }: FeatureVariant) => calls.length > 1;

/** Checks a variant and tells how that ended. Returns whether all holds. */
async function check(variant: FeatureVariant): Promise<boolean> {
  const startedAt = performance.now();
  const folder = copyCheckout();
  const failure = await failureOf(variant, folder);
  rmSync(folder, { recursive: true, force: true });
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  console.log(`${failure === undefined ? 'ok' : 'FAILED'}  ${variant.name} (${seconds} s)`);
  if (failure !== undefined) console.log(failure);
  return failure === undefined;
}

const asked = process.argv.slice(2).join(' ');
// Those that take longest come first.
const pending = featureVariants()
  .filter(({ name }) => name.includes(asked))
  .sort((a, b) => Number(isWhole(b)) - Number(isWhole(a)));
let failed = 0;
async function checkPending(): Promise<void> {
  for (let next = pending.shift(); next; next = pending.shift())
    if (!(await check(next))) failed += 1;
}
await Promise.all(Array.from({ length: availableParallelism() }, checkPending));
process.exit(failed === 0 ? 0 : 1);
