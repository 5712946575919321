import { randomInt } from 'node:crypto';
import { auditEntry } from '../audit/entry.ts';
import { notFound } from '../contract/core-errors.ts';
import { AppError, type FieldError } from '../contract/errors.ts';
import { TtlCache } from '../runtime/ttl-cache.ts';
import { changes, when } from '../table/changes.ts';
import { retryConflicts } from '../table/retry.ts';
import {
  create,
  deleteItem,
  getItem,
  getItems,
  query,
  transact,
  tryUpdate,
  type Write,
} from '../table/table.ts';
import { eniReleased, enisClaimed } from './audit.ts';
import { EniId } from './contract/detections.ts';
import { eniClaimed, tooManyEnis } from './errors.ts';
import { EniItem, EniLookupItem, EniRegisterItem, EniReporterItem } from './items.ts';
import { detectionKeys } from './keys.ts';

const maxEnis = 1000;
const lowestVni = 1000;
const highestVni = 999_999;

const drawVni = () => randomInt(lowestVni, highestVni + 1);

/**
 * Claims network interfaces for a tenant, all or none. The first claim draws the tenant's VNI. Throws
 * `eni_claimed` when another tenant has one of them, and `too_many_enis` beyond 1000.
 */
export async function claimEnis(
  tenantId: string,
  wanted: readonly string[],
  draw: () => number = drawVni,
): Promise<{ inserted: number; skipped: number }> {
  const distinct = [...new Set(wanted)];
  return retryConflicts(async () => {
    const [register, ...found] = await getItems([
      detectionKeys.eniRegister(tenantId),
      ...distinct.map(detectionKeys.eniLookup),
      ...distinct.map(detectionKeys.eniReporter),
    ]);
    const owners = new Map(
      distinct.map((eniId, index) => [eniId, found[index] && ownerOf(found[index])]),
    );
    const reporters = new Map(
      distinct.map((eniId, index) => [eniId, reporterOf(found[distinct.length + index])]),
    );
    const errors = wanted.flatMap((eniId, index): FieldError[] => {
      const owner = owners.get(eniId);
      const holder = owner ?? reporters.get(eniId) ?? tenantId;
      if (holder === tenantId) return [];
      const detail = `is ${owner ? 'claimed' : 'reported'} by another tenant`;
      return [{ in: 'body', pointer: `/eni_ids/${index}`, detail }];
    });
    if (errors.length > 0) throw new AppError(eniClaimed, { errors });

    const unclaimed = distinct.filter((eniId) => owners.get(eniId) === undefined);
    const counts = { inserted: unclaimed.length, skipped: wanted.length - unclaimed.length };
    if (unclaimed.length === 0) return counts;
    const failed = await transact([
      ...registerWrites(tenantId, unclaimed.length, register, draw),
      ...unclaimed.flatMap((eniId) => claimWrites(tenantId, eniId)),
      ...(await auditEntry(tenantId, enisClaimed, { data: { eni_ids: unclaimed } })),
    ]);
    // Another request took an interface or the VNI first, or made the tenant's first claim.
    return failed ? undefined : counts;
  });
}

/** The tenant that has recently reported the interface. */
function reporterOf(item: object | undefined): string | undefined {
  if (!item) return undefined;
  const { tenant_id, ttl } = EniReporterItem.parse(item);
  return ttl > Date.now() / 1000 ? tenant_id : undefined;
}

const ownerOf = (lookup: object) => EniLookupItem.parse(lookup).tenant_id;

const claimWrites = (tenantId: string, eniId: string): Write[] => [
  create({ ...detectionKeys.eniLookup(eniId), tenant_id: tenantId }),
  create({
    ...detectionKeys.eni(tenantId, eniId),
    eni_id: eniId,
    created_at: new Date().toISOString(),
  }),
];

/** The writes that count `added` interfaces more, and give the tenant its VNI if it has none. */
function registerWrites(
  tenantId: string,
  added: number,
  register: object | undefined,
  draw: () => number,
): Write[] {
  const Key = detectionKeys.eniRegister(tenantId);
  if (!register) {
    const vni = draw();
    return [
      create({ ...Key, vni, count: added }),
      create({ ...detectionKeys.vniLookup(vni), tenant_id: tenantId }),
    ];
  }
  if (EniRegisterItem.parse(register).count + added > maxEnis) throw new AppError(tooManyEnis);
  return [
    {
      update: {
        Key,
        ...changes({ add: { count: added }, if: ['#count <= :room', { room: maxEnis - added }] }),
      },
    },
  ];
}

/** The network interfaces of a tenant by id, and its VNI once it has one. */
export async function listEnis(
  tenantId: string,
): Promise<{ eni_ids: string[]; vni: number | null }> {
  const { pk, prefix } = detectionKeys.enisOf(tenantId);
  const [{ Items = [] }, register] = await Promise.all([
    query({
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :sk)',
      ExpressionAttributeValues: { ':pk': pk, ':sk': prefix },
      ConsistentRead: true,
    }),
    getItem(detectionKeys.eniRegister(tenantId)),
  ]);
  return {
    eni_ids: Items.map((item) => EniItem.parse(item).eni_id),
    vni: register ? EniRegisterItem.parse(register).vni : null,
  };
}

/** Gives up a network interface of the tenant. Throws `not_found`. */
export async function deleteEni(tenantId: string, eniId: string): Promise<void> {
  const isEni = EniId.safeParse(eniId).success;
  if (!isEni || (await giveUp(tenantId, eniId)))
    throw new AppError(notFound, { detail: 'This tenant has no such interface.' });
}

/**
 * Takes a network interface from whoever has claimed or reported it, and returns who that was. Throws
 * `not_found`.
 */
export async function releaseEni(eniId: string): Promise<{ claimed_by: string | null }> {
  const [lookup, reporter] = await Promise.all([
    getItem(detectionKeys.eniLookup(eniId)),
    getItem(detectionKeys.eniReporter(eniId)),
  ]);
  if (!lookup && !reporter)
    throw new AppError(notFound, { detail: 'No tenant has this interface.' });
  if (reporter) await deleteItem({ Key: detectionKeys.eniReporter(eniId) });
  if (!lookup) return { claimed_by: null };
  const owner = ownerOf(lookup);
  await deleteEni(owner, eniId);
  return { claimed_by: owner };
}
const giveUp = async (tenantId: string, eniId: string) =>
  transact([
    ...deletion(tenantId, eniId),
    ...(await auditEntry(tenantId, eniReleased, { subject: eniId })),
  ]);

const deletion = (tenantId: string, eniId: string): Write[] => [
  {
    delete: {
      Key: detectionKeys.eni(tenantId, eniId),
      ...when('attribute_exists(pk)'),
    },
  },
  {
    delete: {
      Key: detectionKeys.eniLookup(eniId),
      ...when(['tenant_id = :tenant', { tenant: tenantId }]),
    },
  },
  {
    update: {
      Key: detectionKeys.eniRegister(tenantId),
      ...changes({ add: { count: -1 } }),
    },
  },
];

const vnis = new TtlCache<number>();

/** The VNI of a tenant, which never changes once it has one. */
export async function vniOf(tenantId: string): Promise<number | undefined> {
  const known = vnis.get(tenantId);
  if (known !== undefined) return known;
  const register = await getItem(detectionKeys.eniRegister(tenantId), { ConsistentRead: false });
  if (!register) return undefined;
  const { vni } = EniRegisterItem.parse(register);
  vnis.set(tenantId, vni);
  return vni;
}

type ClaimState = 'own' | 'foreign' | 'free';

/** Whose an interface is, seen from a tenant, by `<tenant>/<interface>`. */
const claimStates = new TtlCache<ClaimState>();

/** Of the network interfaces of reported detections, those of other tenants and those that no tenant has claimed. */
export async function checkReportedEnis(
  tenantId: string,
  reported: readonly { eni_id?: string | undefined }[],
): Promise<{ foreign: ReadonlySet<string>; unclaimed: string[] }> {
  const known = new Map<string, ClaimState>();
  const unknown: string[] = [];
  for (const eniId of new Set(reported.map(({ eni_id }) => eni_id))) {
    if (eniId === undefined) continue;
    const claimState = claimStates.get(`${tenantId}/${eniId}`);
    if (claimState === undefined) unknown.push(eniId);
    else known.set(eniId, claimState);
  }
  const lookups = unknown.length > 0 ? await getItems(unknown.map(detectionKeys.eniLookup)) : [];
  for (const [index, eniId] of unknown.entries()) {
    const lookup = lookups[index];
    const claimState = !lookup ? 'free' : ownerOf(lookup) === tenantId ? 'own' : 'foreign';
    claimStates.set(`${tenantId}/${eniId}`, claimState);
    known.set(eniId, claimState);
  }
  const ofState = (wanted: ClaimState) =>
    [...known].flatMap(([id, claimState]) => (claimState === wanted ? id : []));
  return { foreign: new Set(ofState('foreign')), unclaimed: ofState('free') };
}

/** For this long after a report no other tenant can claim the interface. */
const reporterMs = 30 * 86_400_000;
const noteEveryMs = 86_400_000;
/** The reports that this container has noted, by `<tenant>/<interface>`. */
const noted = new TtlCache<true>({ maxAgeMs: noteEveryMs, maxWeight: 10_000 });

/**
 * Notes that the tenant reports unclaimed interfaces, so that no other tenant claims them and shuts
 * its sensors out. The first to report one keeps it until 30 days after the last report.
 */
export async function noteReporter(tenantId: string, eniIds: readonly string[]): Promise<void> {
  const nowMs = Date.now();
  await Promise.all(
    eniIds
      .filter((eniId) => !noted.get(`${tenantId}/${eniId}`))
      .map(async (eniId) => {
        await writeReporter(tenantId, eniId, nowMs);
        noted.set(`${tenantId}/${eniId}`, true);
      }),
  );
}

async function writeReporter(tenantId: string, eniId: string, nowMs: number): Promise<void> {
  await tryUpdate({
    Key: detectionKeys.eniReporter(eniId),
    ...changes({
      set: { tenant_id: tenantId, ttl: Math.ceil((nowMs + reporterMs) / 1000) },
      if: [
        'attribute_not_exists(pk) OR tenant_id = :tenant OR #ttl <= :now',
        { tenant: tenantId, now: Math.floor(nowMs / 1000) },
      ],
    }),
  });
}
