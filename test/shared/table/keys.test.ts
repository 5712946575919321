import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { features } from '../../../shared/features.ts';
import { limitKeys } from '../../../shared/limits/keys.ts';
import { newId } from '../../../shared/runtime/ids.ts';
import { part } from '../../../shared/table/family.ts';
import { tenantIds } from '../../../shared/tenants/ids.ts';

/** Text that tries to be more than one segment of a key. */
const hostile = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '',
    '#',
    'a#b',
    'TENANT#x',
    'tnt_1#USER#u',
    'x#SESSION#y',
    '*',
    '?',
    'a b',
    'é',
    '\0',
    'a\n#b',
    '%23',
    '$',
    '..',
  ),
);

type Builder = (...segments: (string | object)[]) => string | { pk?: string; series_pk?: string };
const builders = features.flatMap(
  ({ id, keys = {} }) =>
    Object.entries(keys).map(([name, build]) => [`${id}.${name}`, build as Builder]) as [
      string,
      Builder,
    ][],
);
/** What a builder takes beyond the first four segments. */
const last = { days: 30, shard: 0 };

function partitionOf(build: Builder, ...segments: string[]): string {
  const key = build(...segments, last);
  return typeof key === 'string' ? key : (key.pk ?? key.series_pk ?? '');
}

const ofTenants = builders.filter(([, build]) =>
  partitionOf(build, 'tnt_1', 'b', 'c', 'd').startsWith('TENANT#'),
);

describe('a key of a tenant', () => {
  it.each(ofTenants)('%s stays in the partition of its tenant (check 63)', (_, build) => {
    fc.assert(
      fc.property(fc.constant(newId(tenantIds)), hostile, hostile, (tenantId, b, c) => {
        const pk = attempt(() => partitionOf(build, tenantId, b, c, 'd'));
        if (pk === undefined) return;
        expect(`${pk}#`.startsWith(`TENANT#${tenantId}#`)).toBe(true);
        expect(pk.split('#').length).toBeLessThanOrEqual(4);
      }),
    );
  });

  it.each(ofTenants)('%s refuses a tenant id with a # in it (check 63)', (_, build) => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        expect(() => partitionOf(build, `${a}#${b}`, 'x', 'y', 'd')).toThrow(TypeError);
      }),
    );
  });
});

describe('the keys of a feature', () => {
  interface Place {
    pk: string;
    /** Sort key of an item. */
    sk?: string;
    /** What the sort keys of a list start with. */
    prefix?: string;
  }
  const isPlace = (made: unknown): made is Place =>
    typeof made === 'object' && made !== null && 'pk' in made;
  const places = builders.flatMap(([name, build]) => {
    const made: unknown = build('tnt_1', 'x', 'x', 'x', last);
    return isPlace(made) ? [{ name, feature: name.split('.')[0], ...made }] : [];
  });

  it.each(places)('are not among those of others: $name', ({ feature, pk, sk, prefix }) => {
    const taken = places.filter(
      (other) =>
        other.feature !== feature &&
        other.pk === pk &&
        other.sk !== undefined &&
        (sk === undefined ? other.sk.startsWith(prefix ?? '') : other.sk === sk),
    );

    expect(taken.map(({ name }) => name)).toEqual([]);
  });
});

describe('key segments', () => {
  const ofItems = builders.filter(([, build]) => {
    const key = build('tnt_1', 'b', 'c', 'd', last);
    return typeof key === 'object' && 'sk' in key;
  });
  const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_.:/@-]{0,39}$/);
  const names = fc.tuple(name, name, name, name);

  it.each(ofItems)('of %s that differ make keys that differ (check 63)', (_, build) => {
    fc.assert(
      fc.property(names, names, (a, b) => {
        const used = a.slice(0, build.length);
        fc.pre(used.length === 0 || used.some((part, index) => part !== b[index]));
        if (used.length > 0) expect(build(...a, last)).not.toEqual(build(...b, last));
      }),
    );
  });

  it('never hold #, spaces, wildcards or anything outside ASCII (check 63)', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const key = attempt(() => part(text));
        if (key !== undefined) expect(text).toMatch(/^[A-Za-z0-9_.:/@-]+$/);
        else expect(text).not.toMatch(/^[A-Za-z0-9_.:/@-]+$/);
      }),
    );
  });

  it('of a limit stay in its own counter', () => {
    fc.assert(
      fc.property(hostile, (subject) => {
        const key = attempt(() => limitKeys.limit('login.address', subject, 0));
        if (key === undefined) return;
        expect(key.pk).toBe(`LIMIT#login.address#${subject}`);
        expect(key.pk.split('#')).toHaveLength(3);
      }),
    );
  });
});

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    return undefined;
  }
}
