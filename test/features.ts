/**
 * Takes each feature out of a copy of this checkout, and all of them, and makes a new one: types,
 * lint, synthesis with its checks and the tests of the core must hold every time.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
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
function run(folder: string, command: readonly string[]): string | undefined {
  const [program = '', ...args] = command;
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  });
  return status === 0 ? undefined : `${command.join(' ')}\n${stdout}\n${stderr}`;
}

/** The checks of a variant; undefined where all hold. */
function failureOf({ calls }: FeatureVariant, folder: string): string | undefined {
  const foreign = removableIds.flatMap((id) => ['--exclude', `test/**/${id}/**`]);
  const isWhole = calls.length > 1;
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
      ...(isWhole ? ['--project', 'capacity', '--project', 'infra'] : []),
      ...foreign,
    ],
  ];
  for (const command of commands) {
    const failure = run(folder, command);
    if (failure !== undefined) return failure;
  }
  return undefined;
}

const asked = process.argv.slice(2).join(' ');
let failed = 0;
for (const variant of featureVariants().filter(({ name }) => name.includes(asked))) {
  const startedAt = performance.now();
  const folder = copyCheckout();
  const failure = failureOf(variant, folder);
  rmSync(folder, { recursive: true, force: true });
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  console.log(`${failure === undefined ? 'ok' : 'FAILED'}  ${variant.name} (${seconds} s)`);
  if (failure !== undefined) {
    failed += 1;
    console.log(failure);
  }
}
process.exit(failed === 0 ? 0 : 1);
