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
      contents: Object.entries(await import(pathToFileURL(path).href))
        .filter((pair): pair is [string, Endpoint] => isEndpoint(pair[1]))
        .map(([name, endpoint]) => `export const ${name} = ${JSON.stringify(callOf(endpoint))};`)
        .join('\n'),
    })),
};

function isEndpoint(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'paths' in value && 'access' in value;
}

function callOf({ method, paths, access }: Endpoint) {
  return { method, paths: [paths[0]], access };
}
