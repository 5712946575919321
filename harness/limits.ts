import type { Limit } from '../shared/contract/limits.ts';
import { limits } from '../shared/contract/registry.ts';

/** The limit of a name. Throws when there is none. */
export function limitNamed(name: string): Limit {
  const limit = limits.get(name);
  if (!limit) throw new Error(`There is no limit ${name}`);
  return limit;
}
