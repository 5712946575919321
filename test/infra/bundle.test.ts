import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inspect } from 'node:util';
import { Worker } from 'node:worker_threads';
import bcrypt from '@node-rs/bcrypt';
import manifest from '@node-rs/bcrypt/package.json' with { type: 'json' };
import { build as esbuild } from 'esbuild';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { type BundledFunction, bundleFunctions, bundleWeb } from '../../infra/bundle.ts';
import { constructIdOf } from '../../infra/function.ts';
import { defaultProvider } from '../../infra/lambda-credentials.ts';
import {
  bindingEnvironment,
  MissingBindingError,
  requireBindings,
} from '../../infra/native-packages.ts';
import { markUnused, unusedValues } from '../../infra/unused-values.ts';
import type { Endpoint } from '../../shared/contract/endpoint.ts';
import { endpoints, mailKinds } from '../../shared/contract/registry.ts';
import type * as Passwords from '../../shared/identity/passwords.ts';
import { resourcesOf, synthesize } from './templates.ts';

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

  it('run on the processor that their compiled files are for, in every stage', () => {
    const compiledFor: Record<number, string> = { 183: 'arm64', 62: 'x86_64' };
    for (const stage of ['local', 'dev', 'prod'] as const) {
      const { api, data } = synthesize({ stage });
      const functions = [api, data].flatMap((each) => resourcesOf(each, 'AWS::Lambda::Function'));
      const hashing = [];
      for (const [name, { Properties, Metadata }] of functions) {
        const { id, folder } = bundleOf(String(Metadata?.['tenantry:function']));
        const compiled = readdirSync(folder).filter((file) => file.endsWith('.node'));
        const processors = compiled.map((file) => {
          const binary = readFileSync(join(folder, file));
          expect(binary.subarray(1, 4).toString()).toBe('ELF');
          return compiledFor[binary.readUInt16LE(18)];
        });
        if (compiled.length > 0) hashing.push(id);
        expect(Properties.Architectures, name).toEqual(
          processors.length > 0 ? processors : ['arm64'],
        );
      }
      expect(hashing.sort(), stage).toEqual([
        'auth/login',
        'auth/register',
        'marketplace/complete-profile',
      ]);
    }
  });

  it.runIf(process.platform === 'linux' && process.arch === 'x64')(
    'hash and verify with the compiled file beside them',
    async () => {
      const { folder } = bundleOf('auth/login');
      const scratch = join(workspace, 'hashing');
      const source = join(scratch, 'auth/login.ts');
      mkdirSync(dirname(source), { recursive: true });
      const passwords = new URL('../../shared/identity/passwords.ts', import.meta.url).pathname;
      writeFileSync(source, `export * from ${JSON.stringify(passwords)};`);
      const [bundle] = await bundleFunctions({
        ids: ['auth/login'],
        sources: scratch,
        outdir: join(scratch, 'bundles'),
      });
      const file = join(bundle?.folder ?? '', 'index.js');
      expect(readdirSync(folder)).toContain('bcrypt.linux-x64-gnu.node');

      vi.stubEnv('NAPI_RS_NATIVE_LIBRARY_PATH', '/no/such.node');
      expect(() => createRequire(file)(file)).toThrow('/no/such.node');
      vi.unstubAllEnvs();

      const { hashPassword, verifyPassword }: typeof Passwords = createRequire(file)(file);
      const hash = await hashPassword('correct horse battery');

      expect(await verifyPassword('correct horse battery', hash)).toBe(true);
      expect(await verifyPassword('wrong horse battery', hash)).toBe(false);
      expect(await bcrypt.verify('correct horse battery', hash)).toBe(true);
      const loaded = Object.keys(createRequire(file).cache).filter((path) =>
        path.endsWith('.node'),
      );
      expect(loaded).toContain(join(bundle?.folder ?? '', 'bcrypt.linux-x64-gnu.node'));
    },
  );

  it('are refused when the contract entry is silent about a native package', async () => {
    const sources = join(workspace, 'undeclared');
    mkdirSync(join(sources, 'auth'), { recursive: true });
    const passwords = new URL('../../shared/identity/passwords.ts', import.meta.url).pathname;
    writeFileSync(join(sources, 'auth/logout.ts'), `export * from ${JSON.stringify(passwords)};`);

    await expect(
      bundleFunctions({ ids: ['auth/logout'], sources, outdir: join(workspace, 'refused') }),
    ).rejects.toThrow("The contract entry of auth/logout must say native: ['@node-rs/bcrypt']");
  });

  it('need the compiled packages of Lambda and of the machine that makes them', () => {
    const mac = { platform: 'darwin', arch: 'arm64' };
    const onlyForLambda = (file: string) => file.includes('linux-x64-gnu');

    expect(() => requireBindings()).not.toThrow();
    expect(() => requireBindings(mac, () => true)).not.toThrow();
    expect(() => requireBindings(mac, onlyForLambda)).toThrow(
      `npm install --no-save --force @node-rs/bcrypt-linux-x64-gnu@${manifest.version} @node-rs/bcrypt-darwin-arm64@${manifest.version}`,
    );
    const error = new MissingBindingError(['@node-rs/bcrypt-linux-x64-gnu']);
    expect(() => requireBindings({ platform: 'linux', arch: 'x64' }, () => false)).toThrow(error);
    expect(inspect(error).split('\n')).toEqual([error.message]);
    expect(bindingEnvironment(mac).NAPI_RS_NATIVE_LIBRARY_PATH).toMatch(
      /node_modules\/@node-rs\/bcrypt-darwin-arm64\/bcrypt\.darwin-arm64\.node$/,
    );
    expect(bindingEnvironment({ platform: 'linux', arch: 'x64' })).toEqual({});
  });

  it('are refused when a function that is not known for it reads the whole contract', async () => {
    const sources = join(workspace, 'curious');
    mkdirSync(join(sources, 'health'), { recursive: true });
    const registry = new URL('../../shared/contract/registry.ts', import.meta.url).pathname;
    writeFileSync(join(sources, 'health/get.ts'), `export * from ${JSON.stringify(registry)};`);

    await expect(
      bundleFunctions({ ids: ['health/get'], sources, outdir: join(workspace, 'told') }),
    ).rejects.toThrow('health/get reads the whole contract');
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
        'main.css',
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

describe('what a function does not use', () => {
  const codeOf = (id: string) => readFileSync(join(bundleOf(id).folder, 'index.js'), 'utf8');
  const describesAll = ['service/openapi', 'service/method-not-allowed'];
  const descriptions = endpoints.flatMap(({ description }) => description?.slice(0, 40) ?? []);

  it('of the contract is not in its bundle: other endpoints, and what only documents tell', () => {
    expect(descriptions.length).toBeGreaterThan(0.4 * endpoints.length);
    const documents = codeOf('service/openapi');
    const told = descriptions.filter((text) =>
      documents.includes(JSON.stringify(text).slice(1, -1)),
    );
    expect(told.length).toBeGreaterThan(descriptions.length / 2);
    for (const { id } of bundles) {
      if (describesAll.includes(id)) continue;
      const code = codeOf(id);
      expect(
        descriptions.filter((text) => code.includes(text)),
        id,
      ).toEqual([]);
      expect(code, id).not.toMatch(/meta\(\{id:"(?:Problem|TokenResponse|WebhookDeliveryPage)"/);
    }
  });

  it('of mail is not either: only what sends mail has its words and the client of SES', () => {
    const words = [...mailKinds.values()].map(({ words: { es } }) => es.paragraphs[0]);
    const escaped = words.map((text = '') => JSON.stringify(text).slice(1, 30));
    for (const bundle of bundles) {
      if (describesAll.includes(bundle.id)) continue;
      const isSender = bundle.id === 'mail/send';
      const code = codeOf(bundle.id);
      expect(
        escaped.some((text) => code.includes(text)),
        bundle.id,
      ).toBe(isSender);
      expect(packagesIn(bundle).includes('@aws-sdk/client-sesv2'), bundle.id).toBe(isSender);
    }
  });

  it('of other packages is not either', () => {
    const used = ({ inputs }: BundledFunction) =>
      packagesIn({
        ...bundleOf('authorizer'),
        inputs: Object.fromEntries(Object.entries(inputs).filter(([, bytes]) => bytes > 0)),
      });
    const clients = (entry: Endpoint) => [
      ...(entry.queues?.length ? [] : ['@aws-sdk/client-sqs']),
      ...(entry.kmsKeys?.length ? [] : ['@aws-sdk/client-kms']),
      ...(entry.secrets?.length ? [] : ['aws4fetch']),
    ];
    for (const entry of endpoints.filter(({ id }) => !describesAll.includes(id))) {
      const packages = used(bundleOf(entry.id));
      expect(
        clients(entry).filter((name) => packages.includes(name)),
        entry.id,
      ).toEqual([]);
    }
  });

  it('of zod is not either: schemas are those of zod/mini, without methods', () => {
    for (const { id, inputs } of bundles.filter(({ id }) => !describesAll.includes(id))) {
      const methods = Object.entries(inputs).filter(
        ([path, bytes]) => path.includes('/zod/v4/classic/') && bytes > 0,
      );
      expect(methods, id).toEqual([]);
    }
    expect(Object.keys(bundleOf('auth/login').inputs).join()).toContain('/zod/v4/mini/');
  });

  it('does not touch what it checks: its input is validated as the contract says', async () => {
    for (const [name, value] of Object.entries(environmentOf('auth/login')))
      vi.stubEnv(name, value);
    const file = join(bundleOf('auth/login').folder, 'index.js');
    const { handler } = createRequire(file)(file);
    const answer = await handler(
      {
        body: JSON.stringify({ email: 'nobody', extra: 1 }),
        headers: { 'content-type': 'application/json' },
        requestContext: { requestId: 'r', identity: { sourceIp: '203.0.113.1' } },
      },
      { awsRequestId: 'r', functionName: 'f', getRemainingTimeInMillis: () => 1000 },
    );
    vi.unstubAllEnvs();

    expect(answer.statusCode).toBe(422);
    const { errors } = JSON.parse(answer.body);
    expect(errors.map(({ pointer }: { pointer: string }) => pointer).sort()).toEqual([
      '/email',
      '/extra',
      '/password',
    ]);
  });
});

describe('a module of shared/', () => {
  it('has its computed constants marked, and no others', () => {
    expect(markUnused('export const a = make(1);')).toBe(
      'export const a = /* @__PURE__ */ (() => (make(1)))();',
    );
    expect(markUnused('const f = () => make(), n = 1, o = { a: [n] };')).toBe(
      'const f = () => make(), n = 1, o = { a: [n] };',
    );
    expect(markUnused('let counter = make(); start();')).toBe('let counter = make(); start();');
  });

  it.each([
    ['id', 'export const id = (registry.next = make());'],
    ['id', 'export const id = make(counter++);'],
    ['gone', 'export const gone = delete registry.old;'],
    ['loaded', 'export const loaded = await load();'],
    ['_registered', 'const _registered = register(hook);'],
    ['some-polyfill', "import 'some-polyfill';"],
  ])('is refused where %s has an effect that would be lost: %s', (name, code) => {
    expect(() => markUnused(code)).toThrow(`${name} is there for its effect`);
  });

  it('is taken where the effect is that of a function, a statement or a module of our own', () => {
    for (const code of [
      'export const f = make(() => { registry.next = 1; });',
      'const queue = make(); queue.on();',
      'const own = make(); export { own };',
      "import './own.ts';",
    ])
      expect(() => markUnused(code)).not.toThrow();
  });

  it.each([
    [
      'is no TypeScript',
      'export const = 1;',
      /^shared\/broken\.ts:1:\d+: ERROR: .*Expected identifier/m,
    ],
    [
      'has an effect',
      'export const id = (a.b = make());',
      /^shared\/broken\.ts:.*The constant id/m,
    ],
  ])('that %s is named when its functions are bundled', async (_, code, message) => {
    const root = join(workspace, 'named');
    mkdirSync(join(root, 'shared'), { recursive: true });
    writeFileSync(join(root, 'shared/broken.ts'), code);
    const building = esbuild({
      entryPoints: [join(root, 'shared/broken.ts')],
      absWorkingDir: root,
      bundle: true,
      write: false,
      logLevel: 'silent',
      plugins: [unusedValues(root)],
    });

    await expect(building).rejects.toThrow(message);
  });

  it('keeps of an endpoint what its handler reads', () => {
    expect(
      markUnused(
        'export const e = defineEndpoint({ id: "a", summary: "b", body: z.string(), tag: t });',
      ),
    ).toMatch(/defineEndpoint\(\{ id: "a",\s+body: z\.string\(\),\s+\}\)/);
  });
});

describe('every function', () => {
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
