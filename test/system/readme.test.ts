import { execFile, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { shellBlocks } from '../../harness/documented-commands.ts';
import { useSystem } from '../../harness/system.ts';

const system = useSystem();
const run = promisify(execFile);

/** The shell blocks of the README that are marked as its tour. */
function tour(): string {
  const text = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  return [...text.matchAll(/```bash tour\n([\s\S]*?)```/g)].map(([, block]) => block).join('\n');
}

/** Runs the tour in a shell: as a script, or line by line as when it is pasted. */
async function take(shell: string, options: string[], script: string) {
  const running = run(shell, options, {
    env: { ...process.env, BASE: system.cloud.url, PS1: '', PS2: '', HISTFILE: '' },
  });
  running.child.stdin?.end(script);
  return running;
}

function expectTour(stdout: string): void {
  expect(stdout).toContain('{"accepted":1,"duplicates":0}');
  expect(stdout).toContain('{"accepted":0,"duplicates":1}');
  expect(stdout).toContain('"id":"first"');
  expect(stdout).toContain('"name":"Example Ltd","status":"ACTIVE"');
  expect(stdout.match(/"is_verified":true/g)).toHaveLength(4);
  expect(stdout).toContain('"total_products":500');
  expect(stdout).toMatch(/"status":"ACTIVE","is_free_trial":true/);
  expect(stdout).toMatch(/"quantity":12,.*"status":"Success"/);
  expect(stdout).toMatch(/"status":"ENDED","is_free_trial":true/);
}

const hasZsh = spawnSync('zsh', ['--version']).status === 0;
if (!hasZsh) console.warn('There is no zsh here: the tour is only run in bash');

describe('the README', () => {
  // The fakes of the seller marketplaces keep their limits, so a sync takes half a minute.
  const timeout = 120_000;

  it('has a tour that works as it is written', { timeout }, async () => {
    const { stdout } = await take('bash', ['-s'], `set -euo pipefail\n${tour()}`);

    expectTour(stdout);
  });

  it.runIf(hasZsh)('has a tour that may be pasted into zsh', { timeout }, async () => {
    const { stdout, stderr } = await take('zsh', ['-f', '-i'], `${tour()}exit 0\n`);

    expectTour(stdout);
    expect(stderr).not.toMatch(/zsh: /);
  });
});

describe('the shell blocks of all documents', () => {
  it('have no comments: an interactive zsh takes them for commands, arguments and open quotes', () => {
    const blocks = shellBlocks();
    const withComments = blocks.filter(({ text }) => /^\s*#|\s#/m.test(text));

    expect(blocks.length).toBeGreaterThan(10);
    expect(withComments.map(({ where }) => where)).toEqual([]);
  });
});
