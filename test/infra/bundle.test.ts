import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { type BundledFunction, bundleFunctions, bundleWeb } from '../../infra/bundle.ts';
import { constructIdOf } from '../../infra/function.ts';
import { defaultProvider } from '../../infra/lambda-credentials.ts';
import { endpoints } from '../../shared/contract/registry.ts';
import { synthesize } from './templates.ts';

const workspace = mkdtempSync(join(tmpdir(), 'tenantry-bundles-'));
let bundles: BundledFunction[];
beforeAll(async () => {
  bundles = await bundleFunctions({ outdir: join(workspace, 'functions') });
}, 30_000);

function bundleOf(id: string): BundledFunction {
  const found = bundles.find((each) => each.id === id);
  if (!found) throw new Error(`There is no bundle of ${id}`);
  return found;
}

const packagesIn = ({ inputs }: BundledFunction) =>
  Object.keys(inputs).flatMap((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []);

describe('the bundles', () => {
  it('of API functions take at most 512 KB, the authorizer 64 KB', () => {
    for (const { id } of endpoints) expect(bundleOf(id).bytes, id).toBeLessThanOrEqual(512 * 1024);
    expect(bundleOf('authorizer').bytes).toBeLessThanOrEqual(64 * 1024);
  });

  it('have no AWS SDK in the authorizer, which must start fast', () => {
    expect(
      packagesIn(bundleOf('authorizer')).filter((name) => /^@(aws-sdk|smithy|aws)\//.test(name)),
    ).toEqual([]);
  });

  it('have no credential chain, because Lambda gives credentials in the environment', () => {
    for (const bundle of bundles) {
      expect(
        packagesIn(bundle).filter((name) =>
          /credential-provider|nested-clients|token-providers/.test(name),
        ),
      ).toEqual([]);
    }
    expect(Object.keys(bundleOf('auth/login').inputs)).toContain('infra/lambda-credentials.ts');
  });

  it('carry the native bcrypt for both processors of Lambda where it is imported, and only there', () => {
    const machines = { arm64: 0xb7, x64: 0x3e };
    const withBcrypt = bundles.filter(({ nativePackages }) => nativePackages.includes('bcrypt'));

    expect(withBcrypt.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['auth/login', 'auth/register']),
    );
    expect(bundleOf('detections/list').nativePackages).toEqual([]);
    for (const { folder, inputs } of withBcrypt) {
      for (const [processor, machine] of Object.entries(machines)) {
        const binary = readFileSync(join(folder, 'bcrypt', `linux-${processor}.node`));
        expect(binary.subarray(1, 4).toString()).toBe('ELF');
        expect(binary.readUInt16LE(18)).toBe(machine);
      }
      expect(Object.keys(inputs)).toContain('infra/native-binding.cjs');
    }
  });

  it('are refused when a handler is missing', async () => {
    const outdir = join(workspace, 'missing');

    await expect(
      bundleFunctions({ ids: ['no/such-handler'], outdir, logLevel: 'silent' }),
    ).rejects.toThrow(/no\/such-handler/);
  });

  it('of the web app have its page, its scripts and the assets of the page about the API', async () => {
    const outdir = join(workspace, 'web');
    await bundleWeb(outdir);

    const files = readdirSync(outdir, { recursive: true, encoding: 'utf8' });
    expect(files).toEqual(
      expect.arrayContaining([
        'index.html',
        'main.js',
        'style.css',
        'assets/docs.js',
        'assets/swagger/swagger-ui.css',
        'assets/swagger/swagger-ui-bundle.js',
      ]),
    );
    for (const [, path] of readFileSync(join(outdir, 'index.html'), 'utf8').matchAll(
      /(?:src|href)="\/([^"]+\.\w+)"/g,
    )) {
      expect(files).toContain(path);
    }
  });
});

describe('every function', () => {
  const { api, data } = synthesize({ stage: 'local' });
  const parameters = { ...data.Parameters, ...api.Parameters };

  /** The environment that the template gives a function, with what Lambda adds. */
  function environmentOf(id: string): Record<string, string> {
    const name = constructIdOf(id);
    const variables: Record<string, string | { Ref?: string }> = (
      api.Resources[name] ?? data.Resources[name]
    )?.Properties.Environment.Variables;
    const values = Object.entries(variables).map(([key, value]) => {
      if (typeof value === 'string') return [key, value];
      return [
        key,
        parameters[value.Ref ?? '']?.Default ??
          'arn:aws:secretsmanager:us-east-1:111122223333:secret:x',
      ];
    });
    return {
      ...Object.fromEntries(values),
      AWS_REGION: 'us-east-1',
      AWS_LAMBDA_FUNCTION_NAME: name,
      AWS_ACCESS_KEY_ID: 'x',
      AWS_SECRET_ACCESS_KEY: 'x',
    };
  }

  it('loads with nothing but the environment of its template and the global of its runtime', async () => {
    const load = (bundle: BundledFunction) =>
      new Promise<string>((resolve) => {
        const file = JSON.stringify(join(bundle.folder, 'index.js'));
        const runtime = JSON.stringify(
          new URL('../../local/lambda/awslambda.ts', import.meta.url).pathname,
        );
        const code = `
          require(${runtime}).installAwslambda();
          require('node:worker_threads').parentPort.postMessage(typeof require(${file}).handler);`;
        const worker = new Worker(code, {
          eval: true,
          env: environmentOf(bundle.id),
          stdout: true,
        });
        worker.once('message', (type) => resolve(`${bundle.id}: ${type}`));
        worker.once('error', (error) => resolve(`${bundle.id}: ${String(error)}`));
      });

    const loaded = await Promise.all(bundles.map(load));

    expect(loaded).toEqual(bundles.map(({ id }) => `${id}: function`));
  }, 30_000);
});

describe('the credentials in the bundles', () => {
  it('are those of the environment, and missing ones an error', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
    vi.stubEnv('AWS_SESSION_TOKEN', 'token');
    expect(await defaultProvider()()).toEqual({
      accessKeyId: 'AKIDEXAMPLE',
      secretAccessKey: 'secret',
      sessionToken: 'token',
    });

    vi.stubEnv('AWS_SECRET_ACCESS_KEY', undefined);
    await expect(defaultProvider()()).rejects.toThrow('no AWS credentials');
    vi.unstubAllEnvs();
  });
});
