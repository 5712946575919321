import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Checkout, checkOut } from '../../harness/checkout.ts';
import { type Run, runScript, until } from '../../harness/runner.ts';

/** The product as `npm start` runs it, from a copy of the sources that tests may change. */
let checkout: Checkout;
let runner: Run;
let url: string;

beforeAll(async () => {
  checkout = checkOut();
  runner = runScript(checkout.folder, 'local/start.ts', [], {
    PORT: '0',
    DATA_DIR: join(checkout.folder, '.local'),
  });
  await until('the ready line', () => runner.output().includes('ready'), 110_000);
  url = /http:\/\/localhost:\d+/.exec(runner.output())?.[0] ?? '';
}, 120_000);

afterAll(async () => {
  runner?.process.kill('SIGTERM');
  await runner?.ended;
  checkout?.remove();
});

/** Changes a source file as most editors do: the new content takes the old one's place in one step. */
function change(path: string, from: string, to: string): void {
  const file = join(checkout.folder, path);
  const content = readFileSync(file, 'utf8');
  if (!content.includes(from)) throw new Error(`${path} does not contain ${from}`);
  writeFileSync(`${file}.new`, content.replace(from, to));
  renameSync(`${file}.new`, file);
}

const get = async (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(url + path, { headers, redirect: 'manual' });
const textOf = async (path: string, headers?: Record<string, string>): Promise<string> =>
  (await get(path, headers)).text();
const post = (path: string, body: object): Promise<Response> =>
  fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

describe('while npm start runs', () => {
  it('a change of a function is live', async () => {
    expect(await textOf('/api/v1/health/live')).toContain('"alive"');

    change('functions/health/live.ts', "'alive'", "'awake'");

    await until('the change is live', async () =>
      (await textOf('/api/v1/health/live')).includes('"awake"'),
    );
    await until('it is said', () => /^health\/live live after \d+\.\d s$/m.test(runner.output()));
  });

  it('a change in shared is live in every function that uses it', async () => {
    change('shared/service/health.ts', "? 'healthy'", "? 'well'");

    await until('the change is live', async () =>
      (await textOf('/api/v1/health/ready')).includes('"well"'),
    );
  });

  it('a change of the web app is live, and browsers ask for it', async () => {
    const page = { accept: 'text/html' };
    expect((await get('/style.css')).headers.get('cache-control')).toBe('no-cache');

    change('web/index.html', '<title>Tenantry<', '<title>Another<');
    change('web/style/base.css', '', '.of-this-test { color: red }\n');

    await until('the page is live', async () => (await textOf('/', page)).includes('Another'));
    await until('the style is live', async () =>
      (await textOf('/style.css')).includes('of-this-test'),
    );
  });

  it('a change that does not build is told, and the code from before goes on', async () => {
    change('functions/health/live.ts', 'export const', 'export cosnt');

    await until('the failure is told', () =>
      runner.output().includes('The code from before goes on'),
    );
    expect(runner.output()).toMatch(
      /The build failed:\n✘ \[ERROR\] .*\n\n {4}functions\/health\/live\.ts:4:/,
    );
    expect(runner.output()).not.toMatch(/^\s+at /m);
    expect(await textOf('/api/v1/health/live')).toContain('"awake"');

    change('functions/health/live.ts', 'export cosnt', 'export const');
    change('functions/health/live.ts', "'awake'", "'mended'");

    await until('the next change is live', async () =>
      (await textOf('/api/v1/health/live')).includes('"mended"'),
    );
  });

  it('a change of the contract makes other templates, and data stays', async () => {
    const owner = { email: 'owner@example.com', password: 'correct horse battery' };
    const signedUp = await post('/api/v1/auth/register', { ...owner, company_name: 'Example' });
    expect(signedUp.status).toBe(201);
    const { access_token: token } = (await signedUp.json()) as { access_token: string };
    expect(await textOf('/keys.json')).not.toContain('"kty"');

    change('shared/service/contract.ts', "'/.well-known/jwks.json'", "'/keys.json'");

    await until(
      'the new path is there',
      async () => (await textOf('/keys.json')).includes('"kty"'),
      60_000,
    );
    expect((await post('/api/v1/auth/login', owner)).status).toBe(200);
    const mine = await get('/api/v1/tenants/me', { authorization: `Bearer ${token}` });
    expect(mine.status).toBe(200);
    expect(await textOf('/api/v1/health/live')).toContain('"mended"');
  }, 90_000);

  it('templates that cannot run are told, and those from before go on', async () => {
    change('shared/service/contract.ts', "'/keys.json'", "'no path'");

    await until(
      'the failure is told',
      () => runner.output().split('goes on until').length > 2,
      60_000,
    );
    expect(runner.output()).toMatch(
      /^Tenantry-local-Api\.\S+: .* for GET no path\nThe code from before goes on/m,
    );
    expect(await textOf('/keys.json')).toContain('"kty"');
  }, 90_000);
});
