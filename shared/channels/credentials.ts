import { auditEntry } from '../audit/entry.ts';
import { rateLimited } from '../contract/core-errors.ts';
import { AppError } from '../contract/errors.ts';
import { enforceLimit } from '../limits/limits.ts';
import { open, seal } from '../runtime/envelopes.ts';
import { changes } from '../table/changes.ts';
import { getItem, query, transact, tryUpdate } from '../table/table.ts';
import { type ChannelDefinition, ChannelError, type Credentials } from './adapter.ts';
import { credentialsDeleted, credentialsSaved } from './audit.ts';
import { channelCall } from './call.ts';
import { adapters } from './channels.ts';
import { definitions } from './definitions.ts';
import { noCredentials, sellerKeyRefused, sellerKeyScope, sellerUnavailable } from './errors.ts';
import { CredentialItem } from './items.ts';
import { channelKeys } from './keys.ts';
import { credentialsPerTenant, credentialsPerUser } from './limits.ts';
import type { ChannelName } from './names.ts';

/** Seller credentials without their secrets. */
export interface ShownCredentials {
  marketplace: ChannelName;
  /** Members of the credentials, the secret ones masked. */
  masked: Record<string, string>;
  /** Whether the seller marketplace accepted them when they were saved. */
  is_verified: boolean;
  verified_at: string | null;
  created_at: string;
  updated_at: string;
}

export type WantedCredentials = { readonly [N in ChannelName]?: Credentials | undefined };

/** Trying all keys must end well within the 29 seconds that API Gateway waits. */
const tryingMs = 15_000;

/**
 * Tries credentials against the seller marketplaces and saves all of them, or none. With
 * `saveUnverified`, a marketplace that does not answer is no obstacle; one that refuses is.
 * Throws `seller_key_refused`, `seller_key_scope`, `seller_unavailable`, `rate_limited`.
 */
export async function saveCredentials(
  { tenantId, userId }: { tenantId: string; userId: string },
  wanted: WantedCredentials,
  saveUnverified: boolean,
): Promise<ShownCredentials[]> {
  await enforceLimit(credentialsPerUser, userId);
  await enforceLimit(credentialsPerTenant, tenantId);
  const names = namesOf(wanted);
  const call = channelCall({ deadlineMs: Date.now() + tryingMs, attempts: 2, timeoutMs: 6000 });
  const verified = await Promise.all(
    names.map(async (name) => {
      try {
        await adapters[name].check(wanted[name] ?? {}, call);
        return true;
      } catch (error) {
        const refusal = toAppError(error);
        if (saveUnverified && refusal.code === 'seller_unavailable') return false;
        throw refusal;
      }
    }),
  );
  const writes = await Promise.all(
    names.map(async (name, index) => {
      const isVerified = verified[index] === true;
      const [write, audit] = await Promise.all([
        saveWrite(tenantId, name, wanted[name] ?? {}, isVerified),
        auditEntry(tenantId, credentialsSaved, {
          actor: { kind: 'user', id: userId },
          subject: name,
          data: { is_verified: isVerified },
        }),
      ]);
      return [write, ...audit];
    }),
  );
  const failed = await transact(writes.flat());
  if (failed) throw new Error('Saving credentials has no condition that could fail');
  return listCredentials(tenantId);
}

/** The credentials of the tenant, masked. */
export async function listCredentials(tenantId: string): Promise<ShownCredentials[]> {
  const { pk, prefix } = channelKeys.credentialsOf(tenantId);
  const { Items = [] } = await query({
    KeyConditionExpression: 'pk = :pk AND begins_with(sk, :sk)',
    ExpressionAttributeValues: { ':pk': pk, ':sk': prefix },
    ConsistentRead: true,
  });
  return Items.map((item) => {
    const { marketplace, shown, verified_at, created_at, updated_at } = CredentialItem.parse(item);
    const is_verified = verified_at !== null;
    return { marketplace, masked: shown, is_verified, verified_at, created_at, updated_at };
  });
}

/** Deletes the credentials of one marketplace, or of all. Nothing is left of them. */
export async function deleteCredentials(
  tenantId: string,
  marketplace: ChannelName | undefined,
): Promise<void> {
  const names = marketplace ? [marketplace] : (Object.keys(definitions) as ChannelName[]);
  await transact([
    ...names.map((name) => ({ delete: { Key: channelKeys.credential(tenantId, name) } })),
    ...(await auditEntry(tenantId, credentialsDeleted, { data: { marketplaces: names } })),
  ]);
}

/**
 * The credentials themselves, for calling the seller marketplace, whether it has accepted them, and
 * their version. Throws `no_credentials`, and what KMS throws when the item does not belong to this tenant.
 */
export async function openCredentials(
  tenantId: string,
  marketplace: ChannelName,
): Promise<{ credentials: Credentials; isVerified: boolean; version: string }> {
  const found = await getItem(channelKeys.credential(tenantId, marketplace));
  if (!found) throw new AppError(noCredentials);
  const item = CredentialItem.parse(found);
  const credentials = await openItem(tenantId, marketplace, item);
  return { credentials, isVerified: item.verified_at !== null, version: item.updated_at };
}

/** What changes whenever the credentials are saved again; undefined when there are none. */
export async function credentialsVersion(
  tenantId: string,
  marketplace: ChannelName,
): Promise<string | undefined> {
  const options = { ProjectionExpression: 'updated_at' };
  const found = await getItem(channelKeys.credential(tenantId, marketplace), options);
  return found && CredentialItem.shape.updated_at.parse(found.updated_at);
}

const ownerOf = (tenantId: string, marketplace: string) => ({ tenantId, credential: marketplace });

async function openItem(
  tenantId: string,
  marketplace: ChannelName,
  item: CredentialItem,
): Promise<Credentials> {
  const text = await open(ownerOf(tenantId, marketplace), item);
  return definitions[marketplace].credentials.parse(JSON.parse(text));
}

/**
 * Reseals the credentials with the current key. Does nothing when they have changed since
 * `seenSealedAt` or are gone; returns whether it did something.
 */
export async function rewrap(
  tenantId: string,
  marketplace: ChannelName,
  seenSealedAt: string,
): Promise<boolean> {
  const found = await getItem(channelKeys.credential(tenantId, marketplace));
  if (!found) return false;
  const item = CredentialItem.parse(found);
  if (item.sealed_at !== seenSealedAt) return false;
  const owner = ownerOf(tenantId, marketplace);
  const envelope = await seal(owner, await open(owner, item));
  const sealed = sealedNow(tenantId, marketplace, envelope);
  const changed = await tryUpdate({
    Key: channelKeys.credential(tenantId, marketplace),
    ...changes({ set: sealed, if: ['sealed = :old', { old: item.sealed }] }),
  });
  return changed !== undefined;
}

function sealedNow(
  tenantId: string,
  marketplace: ChannelName,
  envelope: Awaited<ReturnType<typeof seal>>,
) {
  const sealed_at = new Date().toISOString();
  return {
    ...envelope,
    sealed_at,
    ...channelKeys.credentialSeries(sealed_at, tenantId, marketplace),
  };
}

async function saveWrite(
  tenantId: string,
  marketplace: ChannelName,
  credentials: Credentials,
  isVerified: boolean,
) {
  const envelope = await seal(ownerOf(tenantId, marketplace), JSON.stringify(credentials));
  const now = new Date().toISOString();
  return {
    update: {
      Key: channelKeys.credential(tenantId, marketplace),
      ...changes({
        set: {
          ...sealedNow(tenantId, marketplace, envelope),
          marketplace,
          shown: mask(definitions[marketplace], credentials),
          verified_at: isVerified ? now : null,
          updated_at: now,
        },
        setOnce: { created_at: now },
      }),
    },
  };
}

/** The end of a long secret shows its owner which one it is, and does not help to guess it. */
function mask(
  { open: openMembers }: ChannelDefinition,
  credentials: Credentials,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(credentials).map(([name, value]) => {
      if (openMembers.includes(name)) return [name, value];
      return [name, `••••${value.length >= 24 ? value.slice(-4) : ''}`];
    }),
  );
}

const namesOf = (wanted: WantedCredentials) =>
  (Object.keys(definitions) as ChannelName[]).filter((name) => wanted[name] !== undefined);

function toAppError(error: unknown): AppError {
  if (!(error instanceof ChannelError)) throw error;
  const { code, message: detail, retryAfterMs = 30_000 } = error;
  if (code === 'wrong_key') return new AppError(sellerKeyRefused, { detail, cause: error });
  if (code === 'wrong_scope') return new AppError(sellerKeyScope, { detail, cause: error });
  const headers = { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) };
  // Our turns there are used up: nothing is known of the key, and nothing is wrong with the seller.
  if (code === 'rate_limited') return new AppError(rateLimited, { detail, headers, cause: error });
  return new AppError(sellerUnavailable, { headers, cause: error });
}
