import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newId } from '../../../shared/runtime/ids.ts';
import { keyPatterns, keys } from '../../../shared/table/keys.ts';

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
    'x#DETECTION#y',
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
const segment = fc.stringMatching(/^[A-Za-z0-9_.:/@-]{1,40}$/);

const partitions = {
  tenant: (a: string) => keys.tenant(a).pk,
  license: (a: string, b: string) => keys.license(a, b).pk,
  member: (a: string, b: string) => keys.member(a, b).pk,
  apiKey: (a: string, b: string) => keys.apiKey(a, b).pk,
  apiKeysOf: (a: string) => keys.apiKeysOf(a).pk,
  deliveriesOf: (a: string, b: string) => keys.deliveriesOf(a, b),
  webhook: (a: string, b: string) => keys.webhook(a, b).pk,
  webhookCount: (a: string) => keys.webhookCount(a).pk,
  delivery: (a: string, b: string, c: string) => keys.delivery(a, b, c).pk,
  session: (a: string, b: string, c: string) => keys.session(a, b, c).pk,
  eni: (a: string, b: string) => keys.eni(a, b).pk,
  detectionCount: (a: string, b: string, c: string) =>
    keys.detectionCount(a, 'LABEL', b, c, { days: 30, shard: 0 }).pk,
  detectionCountsOf: (a: string, b: string) => keys.detectionCountsOf(a, b),
  enisOf: (a: string) => keys.enisOf(a).pk,
  eniRegister: (a: string) => keys.eniRegister(a).pk,
  detection: (a: string, b: string) => keys.detection(a, b).pk,
  detectionSeries: (a: string, b: string) => keys.detectionSeries(a, b),
};

describe('a key of a tenant', () => {
  it.each(Object.entries(partitions))(
    '%s stays in the partition of its tenant (check 63)',
    (_, pkOf) => {
      fc.assert(
        fc.property(fc.constant(newId('tnt')), hostile, hostile, (tenantId, b, c) => {
          const pk = attempt(() => pkOf(tenantId, b, c));
          if (pk === undefined) return;
          expect(`${pk}#`.startsWith(`TENANT#${tenantId}#`)).toBe(true);
          expect(pk.split('#').length).toBeLessThanOrEqual(4);
        }),
      );
    },
  );

  it.each(Object.entries(partitions))(
    '%s refuses a tenant id with a # in it (check 63)',
    (_, pkOf) => {
      fc.assert(
        fc.property(fc.string(), fc.string(), (a, b) => {
          expect(() => pkOf(`${a}#${b}`, 'x', 'y')).toThrow(TypeError);
        }),
      );
    },
  );
});

describe('key segments', () => {
  const builders: Record<string, (a: string, b: string, c: string) => { pk: string; sk: string }> =
    {
      license: keys.license,
      member: keys.member,
      apiKey: keys.apiKey,
      session: keys.session,
      webhook: keys.webhook,
      delivery: keys.delivery,
      detection: keys.detection,
      membership: keys.membership,
      identity: keys.identity,
      licenseLookup: keys.licenseLookup,
      apiKeyLookup: keys.apiKeyLookup,
      detectionCount: (tenant: string, value: string) =>
        keys.detectionCount(tenant, 'SOURCE', '2026-11-20', value, { days: 30, shard: 0 }),
      eni: keys.eni,
      eniLookup: keys.eniLookup,
    };

  it.each(Object.entries(builders))(
    'of %s that differ make keys that differ (check 63)',
    (_, build) => {
      fc.assert(
        fc.property(
          fc.tuple(segment, segment, segment),
          fc.tuple(segment, segment, segment),
          (a, b) => {
            const used = a.slice(0, build.length);
            fc.pre(used.some((part, index) => part !== b[index]));
            expect(build(...a)).not.toEqual(build(...b));
          },
        ),
      );
    },
  );

  it('never hold #, spaces, wildcards or anything outside ASCII (check 63)', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const key = attempt(() => keys.apiKey(newId('tnt'), text));
        if (key) expect(text).toMatch(/^[A-Za-z0-9_.:/@-]+$/);
        else expect(text).not.toMatch(/^[A-Za-z0-9_.:/@-]+$/);
      }),
    );
  });

  it('of a limit stay in its own counter', () => {
    fc.assert(
      fc.property(hostile, (subject) => {
        const key = attempt(() => keys.limit('login.address', subject, 0));
        if (key === undefined) return;
        expect(key.pk).toBe(`LIMIT#login.address#${subject}`);
        expect(key.pk.split('#')).toHaveLength(3);
      }),
    );
  });
});

describe('key patterns', () => {
  const samples = {
    tenant: [
      keys.tenant,
      keys.license,
      keys.member,
      keys.apiKey,
      keys.webhook,
      keys.webhookCount,
      keys.eni,
      keys.eniRegister,
    ],
    tenantUser: [keys.session],
    tenantDetection: [keys.detection],
    tenantDetectionCounts: [keys.detectionCountsOf].map((of) => (a: string) => ({
      pk: of(a, '2026-11'),
    })),
    tenantDelivery: [keys.delivery],
    email: [keys.identity, keys.membership],
    license: [keys.licenseLookup],
    apiKey: [keys.apiKeyLookup],
    eni: [keys.eniLookup],
    vni: [() => keys.vniLookup(1000)],
  } as const;

  it.each(Object.entries(samples))(
    'grant %s the keys of their family and no other family',
    (family, builders) => {
      for (const build of builders) {
        const { pk } = (build as (a: string, b: string, c: string) => { pk: string })(
          newId('tnt'),
          'x'.repeat(30),
          'y',
        );
        const granted = Object.entries(keyPatterns)
          .filter(([, pattern]) => like(pattern).test(pk))
          .map(([name]) => name);
        expect(granted).toEqual([family]);
      }
      expect(
        like(keyPatterns.tenantDetections).test(keys.detectionSeries(newId('tnt'), '2026-11')),
      ).toBe(true);
    },
  );
});

/** IAM's StringLike. */
const like = (pattern: string) =>
  new RegExp(`^${pattern.replace(/[.]/g, '\\.').replaceAll('?', '.').replaceAll('*', '.*')}$`, 's');

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    return undefined;
  }
}
