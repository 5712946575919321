import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { endpoints } from '../shared/contract/registry.ts';
import { bundleAside, scratchFolder, startSurroundings } from './product.ts';
import { type Benchmark, result } from './result.ts';
import { inMs, median } from './statistics.ts';

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

/**
 * Milliseconds that the authorizer takes to load beyond an empty ES module, and the slowest
 * function of the API against the two DynamoDB packages alone, each in processes of its own.
 */
export const benchmark: Benchmark = async (tell) => {
  const surroundings = await startSurroundings();
  const bundles = await bundleAside('import-time/functions');
  const toModule = (id: string): Module => ({
    name: id,
    file: join(bundles.find((bundle) => bundle.id === id)?.folder ?? '', 'index.js'),
    loadedBy: 'require',
  });
  const authorizer = toModule('authorizer');
  const functions = endpoints.map(({ id }) => toModule(id));
  const empty = writeEmptyModule();
  const sdk = await bundleSdk();

  const look = loadInTurns(functions, firstLook, tell);
  const slow = slowestFirst(functions, look).slice(0, 4);
  const times = loadInTurns([empty, authorizer, sdk, ...slow], processes, tell);
  surroundings.stop();

  const [slowest] = slowestFirst(slow, times);
  if (!slowest) throw new Error('There are no functions');
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
      0.9,
      `${slowest.name}: ${inMs(times(slowest))} against ${inMs(times(sdk))}`,
      'beyond the SDK: first zod schemas 6 ms, logger 4 ms, native bcrypt 3 ms',
    ),
  ];
};

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
      const elapsed = loadInFreshProcess(module);
      if (round > 0) samples.get(module)?.push(elapsed);
    }
  }
  return (module: Module) => median(samples.get(module) ?? []);
}

function loadInFreshProcess({ name, file, loadedBy }: Module): number {
  const target = JSON.stringify(loadedBy === 'import' ? pathToFileURL(file).href : file);
  const load = loadedBy === 'import' ? `await import(${target})` : `require(${target})`;
  const probe = join(folder, 'probe.cjs');
  writeFileSync(
    probe,
    `${runtime} (async () => { const from = performance.now(); ${load}; const to = performance.now(); require('node:fs').writeSync(1, String(to - from)); process.exit(0); })();`,
  );
  const { NODE_COMPILE_CACHE: _, NODE_OPTIONS: __, ...env } = process.env;
  const { stdout, stderr } = spawnSync(process.execPath, [probe], { env, encoding: 'utf8' });
  const elapsed = Number.parseFloat(stdout);
  if (!(elapsed > 0)) throw new Error(`${name} does not load: ${stderr}`);
  return elapsed;
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
