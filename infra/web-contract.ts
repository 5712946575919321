import { statSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { Plugin } from 'esbuild';
import type { Endpoint } from '../shared/contract/endpoint.ts';

/** `shared/<area>/contract.ts`, or a file in a folder of that name. */
const contractFile = /[\\/]shared[\\/][^\\/]+[\\/]contract(?:[\\/][^\\/]+)?\.ts$/;

/**
 * Pages call the API by entries of the contract: `api.call(listApiKeys)`. Of an entry a browser
 * needs the method, the path and who may call it, and that is what it gets: this takes everything
 * else, schemas and the library below them, out of the web app's bundle.
 */
export const contractForBrowsers: Plugin = {
  name: 'contract-for-browsers',
  setup: ({ onLoad }) =>
    onLoad({ filter: contractFile }, async ({ path }) => ({
      contents: Object.entries(await load(path))
        .filter((pair): pair is [string, Endpoint] => isEndpoint(pair[1]))
        .map(([name, endpoint]) => `export const ${name} = ${JSON.stringify(callOf(endpoint))};`)
        .join('\n'),
    })),
};

/**
 * The current module: one that was changed since this process began is loaded again, with all
 * that it imports, for a runner that bundles what changes.
 */
async function load(path: string): Promise<object> {
  const url = pathToFileURL(path);
  const { mtimeMs } = statSync(path);
  if (mtimeMs <= performance.timeOrigin) return import(url.href);
  url.searchParams.set(version, String(mtimeMs));
  const hooks = registerHooks({
    resolve(specifier, context, nextResolve) {
      const found = nextResolve(specifier, context);
      const isOwn = found.url.startsWith('file:') && !found.url.includes('/node_modules/');
      const isBelow = context.parentURL?.endsWith(url.search) && !found.url.includes('?');
      return isOwn && isBelow ? { ...found, url: found.url + url.search } : found;
    },
  });
  try {
    return await import(url.href);
  } finally {
    hooks.deregister();
  }
}

const version = 'changed-at';

function isEndpoint(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'paths' in value && 'access' in value;
}

function callOf({ method, paths, access }: Endpoint) {
  return { method, paths: [paths[0]], access };
}
