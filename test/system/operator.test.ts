import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { useSystem } from '../../harness/system.ts';
import { operations } from '../../shared/contract/registry.ts';

const system = useSystem();
const root = fileURLToPath(new URL('../..', import.meta.url));

/** Runs a command as an operator types it. */
function operator(...words: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, ['operator/run.ts', ...words], {
    cwd: root,
    env: { ...process.env, DATA_DIR: system.dataDir },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { promise, resolve } = Promise.withResolvers<{
    code: number | null;
    out: string;
    err: string;
  }>();
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  child.on('close', (code) => resolve({ code, out, err }));
  return promise;
}

describe('npm run operator', () => {
  it('has help for every command, and names the one that does not exist', async () => {
    const all = await operator('--help');
    const unknown = await operator('tenants', 'frobnicate');

    expect(all.code).toBe(0);
    for (const { command } of operations.values()) expect(all.out).toContain(command);
    expect(unknown).toMatchObject({ code: 2 });
    expect(unknown.err).toContain('tenants suspend');
    const own = await operator('tenants', 'suspend', '--help');
    expect(own.out).toContain('--reason');
  });

  it('lists tenants for people and for scripts', async () => {
    const { tenant_id } = await system.newOwner();

    const [people, scripts] = [
      await operator('tenants', 'list'),
      await operator('tenants', 'list', '--json', '--all'),
    ];

    expect(people).toMatchObject({ code: 0, err: '' });
    expect(people.out).toContain(tenant_id);
    const { items } = JSON.parse(scripts.out);
    expect(items.map(({ id }: { id: string }) => id)).toContain(tenant_id);
  });

  it('changes nothing without being told so', async () => {
    const { tenant_id, access_token: token } = await system.newOwner();
    const command = ['tenants', 'suspend', tenant_id, '--reason', 'a test'];
    const status = async () =>
      (await system.send<{ status: string }>('GET', '/api/v1/tenants/me', { token })).body.status;

    const asked = await operator(...command);
    expect(asked).toMatchObject({ code: 2, err: expect.stringContaining('Add --yes to do it') });
    expect(await status()).toBe('ACTIVE');

    const done = await operator(...command, '--yes');
    expect(done).toMatchObject({ code: 0 });
    expect(await status()).toBe('SUSPENDED');
  });

  it.each([
    [['tenants', 'show'], 2, 'tenant_id is missing'],
    [['tenants', 'show', 'x'], 2, 'tenant_id is not an id of this kind'],
    [['tenants', 'show', 'tnt_00000000000000000000000000'], 3, 'not_found'],
    [['tenants', 'list', '--frobnicate'], 2, "Unknown option '--frobnicate'"],
    [['tenants', 'list', '--stage', 'prd'], 2, 'Unknown stage'],
  ] as const)('%j ends with %i and says why', async (words, code, said) => {
    const { code: ended, err } = await operator(...words);

    expect(err).toContain(said);
    expect(ended).toBe(code);
  });
});
