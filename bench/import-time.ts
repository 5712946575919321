import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { type BundledFunction, bundleFunctions } from '../infra/bundle.ts';
import { endpoints } from '../shared/contract/registry.ts';
import { bundleAside, scratchFolder, startSurroundings } from './product.ts';
import { type Benchmark, result } from './result.ts';
import { inMs, median } from './statistics.ts';
import { formatRows } from './table.ts';

const folder = join(scratchFolder, 'import-time');
/** What functions that stream look for in Lambda's runtime when they load. */
const runtime = 'globalThis.awslambda = { streamifyResponse: (handler) => handler };';
const processes = 15;
/** Enough to tell which functions are the slowest; those are then measured in full. */
const firstLook = 4;

/** What a fresh process loads: CommonJS as Lambda loads it, or an ES module. */
interface Module {
  name: string;
  file: string;
  loadedBy: 'require' | 'import';
}

/** What handlers are made of, each as a function of its own that does nothing else. */
const parts: Readonly<Record<string, string>> = {
  nothing: 'export const handler = () => {};',
  'zod, a schema': `import * as z from 'zod';
    export const handler = z.strictObject({ id: z.string().max(9), n: z.int().optional() });`,
  'zod, schema and first parse': `import * as z from 'zod';
    export const handler = z.strictObject({ id: z.string().max(9), n: z.int().optional() });
    handler.parse({ id: 'x' });`,
  'zod/mini, a schema': `import * as z from 'zod/mini';
    export const handler = z.strictObject({ id: z.string().check(z.maxLength(9)), n: z.optional(z.int()) });`,
  'zod/mini, schema and first parse': `import * as z from 'zod/mini';
    export const handler = z.strictObject({ id: z.string().check(z.maxLength(9)), n: z.optional(z.int()) });
    handler.parse({ id: 'x' });`,
  'Powertools logger': `import { Logger } from '@aws-lambda-powertools/logger';
    export const handler = new Logger();`,
  'Powertools metrics': `import { Metrics } from '@aws-lambda-powertools/metrics';
    export const handler = new Metrics();`,
  'Powertools logger and metrics': `import { Logger } from '@aws-lambda-powertools/logger';
    import { Metrics } from '@aws-lambda-powertools/metrics';
    export const handler = [new Logger(), new Metrics()];`,
  middy: `import middy from '@middy/core'; export const handler = middy();`,
  'jose, JWS': `import { importJWK, SignJWT } from 'jose'; export const handler = [importJWK, SignJWT];`,
  'jose, JWE': `import { EncryptJWT, jwtDecrypt } from 'jose'; export const handler = [EncryptJWT, jwtDecrypt];`,
  aws4fetch: `import { AwsClient } from 'aws4fetch'; export const handler = AwsClient;`,
  ulid: `import { monotonicFactory } from 'ulid'; export const handler = monotonicFactory();`,
  '@node-rs/bcrypt': `import bcrypt from '@node-rs/bcrypt'; export const handler = bcrypt.verify;`,
  'client-dynamodb': `import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
    export const handler = new DynamoDBClient({});`,
  'client-dynamodb and lib-dynamodb': `import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
    import { DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
    export const handler = [DynamoDBDocumentClient.from(new DynamoDBClient({})), GetCommand];`,
  'client-sqs': `import { SQSClient } from '@aws-sdk/client-sqs'; export const handler = new SQSClient({});`,
  'client-kms': `import { KMSClient } from '@aws-sdk/client-kms'; export const handler = new KMSClient({});`,
};

/**
 * Milliseconds that the authorizer takes to load beyond an empty ES module, and the slowest
 * function of the API against the two DynamoDB packages alone, each in processes of its own.
 * `--functions` prints every function of the API, `--parts` what single packages take, and
 * `--inputs` or `--inputs=<function>` what the bundle of the slowest or of that function holds.
 */
export const benchmark: Benchmark = async (tell, { options, print }) => {
  const surroundings = await startSurroundings();
  const bundles = await bundleAside('import-time/functions');
  const bundleOf = (id: string) => {
    const bundle = bundles.find((each) => each.id === id);
    if (!bundle) throw new Error(`There is no function ${id}`);
    return bundle;
  };
  const toModule = (id: string): Module => ({
    name: id,
    file: join(bundleOf(id).folder, 'index.js'),
    loadedBy: 'require',
  });
  const authorizer = toModule('authorizer');
  const functions = endpoints.map(({ id }) => toModule(id));
  const empty = writeEmptyModule();
  const sdk = await bundleSdk();

  const wantsAll = options.includes('functions');
  const slow = wantsAll
    ? functions
    : slowestFirst(functions, loadInTurns(functions, firstLook, tell)).slice(0, 4);
  const times = loadInTurns([empty, authorizer, sdk, ...slow], processes, tell);
  const [slowest] = slowestFirst(slow, times);
  if (!slowest) throw new Error('There are no functions');

  if (wantsAll) print(functionTable(slowestFirst(slow, times), sdk, times, bundleOf));
  if (options.includes('parts')) print(await partTable(tell));
  for (const option of options) {
    const [, id] = /^inputs(?:=(.+))?$/.exec(option) ?? [];
    if (option.startsWith('inputs')) print(inputTable(bundleOf(id ?? slowest.name)));
  }
  surroundings.stop();

  return [
    result(
      'authorizer import beyond an empty ES module',
      times(authorizer) - times(empty),
      'ms',
      10,
      `${inMs(times(authorizer))} against ${inMs(times(empty))}`,
    ),
    result(
      'slowest API function import against the DynamoDB SDK as ESM',
      times(slowest) / times(sdk),
      'ratio',
      0.75,
      `${slowest.name}: ${inMs(times(slowest))} against ${inMs(times(sdk))}`,
      'what it is made of: npm run bench -- import-time --functions --parts --inputs',
    ),
  ];
};

function functionTable(
  functions: readonly Module[],
  sdk: Module,
  times: Times,
  bundleOf: (id: string) => BundledFunction,
): string {
  const rows = functions.map((each) => [
    each.name,
    times(each).toFixed(1),
    (times(each) / times(sdk)).toFixed(3),
    inKilobytes(bundleOf(each.name).bytes),
    loadInFreshProcess(each).peakMb.toFixed(0),
  ]);
  return formatRows(['function', 'ms', 'of the SDK', 'KB', 'MB at the peak'], rows);
}

/** What single packages take to load as functions have them, beyond a function that has none. */
async function partTable(tell: (progress: string) => void): Promise<string> {
  const names = Object.keys(parts);
  const sources = join(folder, 'parts');
  mkdirSync(sources, { recursive: true });
  const ids = names.map((name, index) => {
    writeFileSync(join(sources, `part-${index}.ts`), parts[name] ?? '');
    return `part-${index}`;
  });
  const bundles = await bundleFunctions({ ids, sources, outdir: join(folder, 'parts-bundled') });
  const modules = bundles.map(({ folder: bundled }, index): Module => {
    const name = names[index] ?? '';
    return { name, file: join(bundled, 'index.js'), loadedBy: 'require' };
  });
  const [nothing] = modules;
  if (!nothing) throw new Error('There are no parts');
  const times = loadInTurns(modules, processes, tell);
  const rows = modules.map((each, index) => [
    each.name,
    (times(each) - (index > 0 ? times(nothing) : 0)).toFixed(1),
    inKilobytes(bundles[index]?.bytes ?? 0),
  ]);
  return formatRows(['part', 'ms', 'KB'], rows);
}

/** The minified bytes of a bundle by package, and by file for those of this repository. */
function inputTable({ id, inputs }: BundledFunction): string {
  const bytes = new Map<string, number>();
  for (const [path, size] of Object.entries(inputs)) {
    const [, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path) ?? [];
    const source = name === undefined ? path : `npm:${name}`;
    bytes.set(source, (bytes.get(source) ?? 0) + size);
  }
  const rows = [...bytes]
    .filter(([, size]) => size > 0)
    .toSorted(([, a], [, b]) => b - a)
    .map(([source, size]) => [source, inKilobytes(size)]);
  return formatRows([`in ${id}`, 'KB'], rows);
}

const inKilobytes = (bytes: number) => (bytes / 1024).toFixed(1);

type Times = (module: Module) => number;

const slowestFirst = (modules: readonly Module[], times: Times) =>
  modules.toSorted((a, b) => times(b) - times(a));

/** The median time of each module to load. All of them take turns. */
function loadInTurns(
  modules: readonly Module[],
  rounds: number,
  tell: (progress: string) => void,
): Times {
  const samples = new Map(modules.map((module) => [module, [] as number[]]));
  // The first round brings the files into the page cache.
  for (let round = 0; round <= rounds; round += 1) {
    tell(`round ${round} of ${rounds}, ${modules.length} modules`);
    for (const module of modules) {
      const { elapsed } = loadInFreshProcess(module);
      if (round > 0) samples.get(module)?.push(elapsed);
    }
  }
  return (module: Module) => median(samples.get(module) ?? []);
}

/** Milliseconds to load a module, and the most memory that its process has had by then. */
function loadInFreshProcess({ name, file, loadedBy }: Module): { elapsed: number; peakMb: number } {
  const target = JSON.stringify(loadedBy === 'import' ? pathToFileURL(file).href : file);
  const load = loadedBy === 'import' ? `await import(${target})` : `require(${target})`;
  const probe = join(folder, 'probe.cjs');
  writeFileSync(
    probe,
    `${runtime} (async () => { const from = performance.now(); ${load}; const to = performance.now(); require('node:fs').writeSync(1, JSON.stringify([to - from, process.resourceUsage().maxRSS / 1024])); process.exit(0); })();`,
  );
  const { NODE_COMPILE_CACHE: _, NODE_OPTIONS: __, ...env } = process.env;
  const { stdout, stderr } = spawnSync(process.execPath, [probe], { env, encoding: 'utf8' });
  if (stdout === '') throw new Error(`${name} does not load: ${stderr}`);
  const [elapsed, peakMb] = JSON.parse(stdout);
  return { elapsed, peakMb };
}

function writeEmptyModule(): Module {
  const file = join(folder, 'empty.mjs');
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, '');
  return { name: 'empty ES module', file, loadedBy: 'import' };
}

/** The two DynamoDB packages and nothing else, bundled as the functions are except for the format. */
async function bundleSdk(): Promise<Module> {
  const file = join(folder, 'sdk.mjs');
  await build({
    stdin: {
      contents: `
        import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
        import { DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
        export { DynamoDBClient, DynamoDBDocumentClient, GetCommand };`,
      resolveDir: fileURLToPath(new URL('..', import.meta.url)),
    },
    outfile: file,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    minify: true,
    legalComments: 'none',
    mainFields: ['module', 'main'],
    logLevel: 'warning',
  });
  return { name: 'client-dynamodb and lib-dynamodb', file, loadedBy: 'import' };
}
