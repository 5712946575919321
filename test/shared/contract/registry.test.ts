import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Feature } from '../../../shared/contract/feature.ts';
import type { IdKind } from '../../../shared/contract/ids.ts';
import { features } from '../../../shared/features.ts';

afterEach(() => {
  vi.doUnmock('../../../shared/features.ts');
  vi.resetModules();
});

/** Puts the manifests together with one of a feature `intruders` beside them. */
async function loadWith(intruder: Partial<Feature>) {
  vi.resetModules();
  vi.doMock('../../../shared/features.ts', () => ({
    features: [...features, { id: 'intruders', ...intruder }],
  }));
  return import('../../../shared/contract/registry.ts');
}

/** The first of its kind that a manifest has, and the feature that has it. */
function first<T>(of: (feature: Feature) => readonly T[] | undefined): readonly [T, string] {
  for (const feature of features) for (const one of of(feature) ?? []) return [one, feature.id];
  throw new Error('No feature has any');
}

const [endpoint, endpointOwner] = first(({ endpoints }) => endpoints);
const [error, errorOwner] = first(({ errors }) => errors);
const [limit, limitOwner] = first((feature) => feature.limits);
const [family, familyOwner] = first((feature) => feature.families);
const [mail, mailOwner] = first(({ mails }) => mails);
const [idKind, idOwner] = first<IdKind>(({ ids }) => ids);

describe('a manifest', () => {
  it('may stand beside the others', async () => {
    await expect(loadWith({})).resolves.toBeDefined();
  });

  it.each<[string, string, Partial<Feature>]>([
    ['feature tenants', 'tenants', { id: 'tenants' }],
    [`function ${endpoint.id}`, endpointOwner, { endpoints: [endpoint] }],
    [`function ${endpoint.id}`, endpointOwner, { workers: [{ ...endpoint, summary: 'Works' }] }],
    [`error ${error.code}`, errorOwner, { errors: [{ ...error, status: 418 }] }],
    [`limit ${limit.name}`, limitOwner, { limits: [{ ...limit, quota: 1e9 }] }],
    [`key family ${family.name}`, familyOwner, { families: [{ ...family, pattern: 'X#*' }] }],
    [`key pattern ${family.pattern}`, familyOwner, { families: [{ ...family, name: 'x' }] }],
    [`mail ${mail.id}`, mailOwner, { mails: [{ ...mail, description: 'Another' }] }],
    [`id prefix ${idKind.prefix}`, idOwner, { ids: [{ ...idKind, of: 'an intruder' }] }],
  ])('may not have the %s of another once more', async (what, owner, intruder) => {
    await expect(loadWith(intruder)).rejects.toThrow(
      `The ${what} is in the manifests of ${owner} and ${intruder.id ?? 'intruders'}`,
    );
  });
});
