import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { functionIds } from '../../infra/bundle.ts';
import { constructIdOf } from '../../infra/function.ts';
import { gatewayPaths } from '../../shared/contract/endpoint.ts';
import { endpoints } from '../../shared/contract/registry.ts';

const files = readdirSync(new URL('../../functions', import.meta.url), {
  recursive: true,
  encoding: 'utf8',
})
  .filter((path) => path.endsWith('.ts'))
  .map((path) => path.replace(/\.ts$/, ''));

describe('the contract and functions/', () => {
  it('name each other exactly once', () => {
    expect(functionIds().sort()).toEqual(files.sort());
  });

  it('give every function a name of its own in the templates', () => {
    const names = functionIds().map(constructIdOf);

    expect(new Set(names).size).toBe(names.length);
    expect(constructIdOf('marketplace/register-by-link')).toBe('MarketplaceRegisterByLink');
    for (const name of names) expect(name).toMatch(/^[A-Z][A-Za-z0-9]+$/);
  });

  it('have no folder that is also a function, whose bundle would swallow the others', () => {
    for (const id of functionIds())
      expect(functionIds().filter((other) => other.startsWith(`${id}/`))).toEqual([]);
  });

  it('have no route twice, also when the names of path parameters differ', () => {
    const routes = endpoints.flatMap((endpoint) =>
      gatewayPaths(endpoint).map(
        (path) => `${endpoint.method} ${path.replace(/\{[^}]+\}/g, '{}')}`,
      ),
    );

    expect(routes).toEqual([...new Set(routes)]);
  });

  it('keep what is local under /dev, and /dev local', () => {
    for (const { paths, localOnly, id } of endpoints) {
      expect(
        paths.some((path) => /^\/(?:dev|_local)(?:\/|$)/.test(path)),
        id,
      ).toBe(localOnly === true);
    }
  });
});
