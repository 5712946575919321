import { randomInt } from 'node:crypto';
import { EniId } from './contract/detections.ts';
import { AppError, type FieldError } from './errors.ts';
import { Remembered } from './remembered.ts';
import { EniItem, EniLookupItem, EniRegisterItem } from './table/items.ts';
import { keys } from './table/keys.ts';
import { create, getItem, getItems, query, transact, type Write } from './table/table.ts';

const maxEnis = 1000;
const maxAttempts = 10;
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
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    const [register, ...lookups] = await getItems([
      keys.eniRegister(tenantId),
      ...distinct.map(keys.eniLookup),
    ]);
    const owners = new Map(
      distinct.map((eniId, index) => [eniId, lookups[index] && ownerOf(lookups[index])]),
    );
    const isForeign = (eniId: string) => (owners.get(eniId) ?? tenantId) !== tenantId;
    const errors = foreignErrors(wanted, isForeign, (index) => `/eni_ids/${index}`);
    if (errors.length > 0) throw new AppError('eni_claimed', { errors });

    const unclaimed = distinct.filter((eniId) => owners.get(eniId) === undefined);
    const counts = { inserted: unclaimed.length, skipped: wanted.length - unclaimed.length };
    if (unclaimed.length === 0) return counts;
    const failed = await transact([
      ...registerWrites(tenantId, unclaimed.length, register, draw),
      ...unclaimed.flatMap((eniId) => claimWrites(tenantId, eniId)),
    ]);
    // Somebody else was first with an interface or a VNI, or with the tenant's first claim.
    if (!failed) return counts;
  }
  throw new AppError('version_conflict');
}

const ownerOf = (lookup: object) => EniLookupItem.parse(lookup).tenant_id;

const claimWrites = (tenantId: string, eniId: string): Write[] => [
  create({ ...keys.eniLookup(eniId), tenant_id: tenantId }),
  create({ ...keys.eni(tenantId, eniId), eni_id: eniId, created_at: new Date().toISOString() }),
];

/** The writes that count `added` interfaces more, and give the tenant its VNI if it has none. */
function registerWrites(
  tenantId: string,
  added: number,
  register: object | undefined,
  draw: () => number,
): Write[] {
  const Key = keys.eniRegister(tenantId);
  if (!register) {
    const vni = draw();
    return [
      create({ ...Key, vni, count: added }),
      create({ ...keys.vniLookup(vni), tenant_id: tenantId }),
    ];
  }
  if (EniRegisterItem.parse(register).count + added > maxEnis) throw new AppError('too_many_enis');
  return [
    {
      update: {
        Key,
        UpdateExpression: 'ADD #count :added',
        ConditionExpression: '#count <= :room',
        ExpressionAttributeNames: { '#count': 'count' },
        ExpressionAttributeValues: { ':added': added, ':room': maxEnis - added },
      },
    },
  ];
}

/** The network interfaces of a tenant by id, and its VNI once it has one. */
export async function listEnis(
  tenantId: string,
): Promise<{ eni_ids: string[]; vni: number | null }> {
  const { pk, prefix } = keys.enisOf(tenantId);
  const [{ Items = [] }, register] = await Promise.all([
    query({
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :sk)',
      ExpressionAttributeValues: { ':pk': pk, ':sk': prefix },
      ConsistentRead: true,
    }),
    getItem(keys.eniRegister(tenantId)),
  ]);
  return {
    eni_ids: Items.map((item) => EniItem.parse(item).eni_id),
    vni: register ? EniRegisterItem.parse(register).vni : null,
  };
}

/** Gives up a network interface of the tenant. Throws `not_found`. */
export async function deleteEni(tenantId: string, eniId: string): Promise<void> {
  const failed = !EniId.safeParse(eniId).success || (await transact(deletion(tenantId, eniId)));
  if (failed) throw new AppError('not_found', { detail: 'This tenant has no such interface.' });
}

const deletion = (tenantId: string, eniId: string): Write[] => [
  {
    delete: {
      Key: keys.eni(tenantId, eniId),
      ConditionExpression: 'attribute_exists(pk)',
    },
  },
  {
    delete: {
      Key: keys.eniLookup(eniId),
      ConditionExpression: 'tenant_id = :tenant',
      ExpressionAttributeValues: { ':tenant': tenantId },
    },
  },
  {
    update: {
      Key: keys.eniRegister(tenantId),
      UpdateExpression: 'ADD #count :less',
      ExpressionAttributeNames: { '#count': 'count' },
      ExpressionAttributeValues: { ':less': -1 },
    },
  },
];

const vnis = new Remembered<number>();

/** The VNI of a tenant, which never changes once it has one. */
export async function vniOf(tenantId: string): Promise<number | undefined> {
  const known = vnis.get(tenantId);
  if (known !== undefined) return known;
  const register = await getItem(keys.eniRegister(tenantId), { ConsistentRead: false });
  if (!register) return undefined;
  const { vni } = EniRegisterItem.parse(register);
  vnis.set(tenantId, vni);
  return vni;
}

/** Whether an interface is another tenant's, by `<tenant>/<interface>`. */
const foreign = new Remembered<boolean>();

/** What is wrong with the network interfaces of reported detections: those that another tenant has claimed. */
export async function foreignEniErrors(
  tenantId: string,
  reported: readonly { eni_id?: string | undefined }[],
): Promise<FieldError[]> {
  const eniIds = reported.map(({ eni_id }) => eni_id);
  const verdicts = new Map<string, boolean>();
  const unknown: string[] = [];
  for (const eniId of new Set(eniIds)) {
    if (eniId === undefined) continue;
    const known = foreign.get(`${tenantId}/${eniId}`);
    if (known === undefined) unknown.push(eniId);
    else verdicts.set(eniId, known);
  }
  const lookups = unknown.length > 0 ? await getItems(unknown.map(keys.eniLookup)) : [];
  for (const [index, eniId] of unknown.entries()) {
    const lookup = lookups[index];
    const isForeign = lookup !== undefined && ownerOf(lookup) !== tenantId;
    foreign.set(`${tenantId}/${eniId}`, isForeign);
    verdicts.set(eniId, isForeign);
  }
  return foreignErrors(
    eniIds,
    (eniId) => verdicts.get(eniId) === true,
    (index) => `/detections/${index}/eni_id`,
  );
}

function foreignErrors(
  eniIds: readonly (string | undefined)[],
  isForeign: (eniId: string) => boolean,
  pointer: (index: number) => string,
): FieldError[] {
  return eniIds.flatMap((eniId, index): FieldError[] =>
    eniId !== undefined && isForeign(eniId)
      ? [{ in: 'body', pointer: pointer(index), detail: 'is claimed by another tenant' }]
      : [],
  );
}
