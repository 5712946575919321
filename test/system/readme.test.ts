import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { useSystem } from '../../harness/system.ts';

const system = useSystem();
const run = promisify(execFile);

/** The shell blocks of the README that are marked as its tour. */
function tour(): string {
  const text = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  return [...text.matchAll(/```bash tour\n([\s\S]*?)```/g)].map(([, block]) => block).join('\n');
}

describe('the README', () => {
  it('has a tour that works as it is written', async () => {
    const script = `set -euo pipefail\n${tour()}`;

    const { stdout } = await run('bash', ['-c', script], {
      env: { ...process.env, BASE: system.cloud.url },
    });

    expect(stdout).toContain('{"accepted":1,"duplicates":0}');
    expect(stdout).toContain('{"accepted":0,"duplicates":1}');
    expect(stdout).toContain('"id":"first"');
    expect(stdout).toContain('"name":"Example Ltd","status":"ACTIVE"');
    expect(stdout.match(/"is_verified":true/g)).toHaveLength(4);
  });
});
