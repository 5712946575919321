import { createHash, randomBytes } from 'node:crypto';
import { auditEntry } from '../audit/entry.ts';
import { notFound } from '../contract/core-errors.ts';
import { AppError, assertKnown } from '../contract/errors.ts';
import { prepareEvent } from '../events/publish.ts';
import { requireEnvList } from '../runtime/config.ts';
import { newId } from '../runtime/ids.ts';
import { TtlCache } from '../runtime/ttl-cache.ts';
import { changes, when } from '../table/changes.ts';
import { retryConflicts } from '../table/retry.ts';
import { create, getItem, query, transact, type Write } from '../table/table.ts';
import * as audits from './audit.ts';
import { invalidApiKey, tooManyApiKeys } from './errors.ts';
import { apiKeyCreated, apiKeyDeleted } from './events.ts';
import { apiKeyIds } from './ids.ts';
import { ApiKeyItem, ApiKeyLookupItem } from './items.ts';
import { apiKeyKeys } from './keys.ts';

/** An API key as its owner sees it after creation. */
export interface ApiKey {
  id: string;
  name: string;
  scopes: string[];
  expires_at: string;
  created_at: string;
}

const maxApiKeys = 100;
const keyShape = /^tky_[A-Za-z0-9_-]{43}$/;
const hashOf = (key: string) => createHash('sha256').update(key).digest('base64url');

/** Creates a key. The answer alone has the key itself. Throws `too_many_api_keys` at 100 and `validation_failed`. */
export async function createApiKey(
  tenantId: string,
  wanted: { name: string; scopes?: string[] | undefined; expiresInDays: number },
): Promise<ApiKey & { key: string }> {
  const known = requireEnvList('API_KEY_SCOPES');
  const granted = wanted.scopes ?? requireEnvList('DEFAULT_API_KEY_SCOPES');
  assertKnown(granted, known, '/scopes', 'is not a scope');
  const key = `tky_${randomBytes(32).toString('base64url')}`;
  const now = Date.now();
  const expiresAtMs = now + wanted.expiresInDays * 86_400_000;
  const apiKey: ApiKey = {
    id: newId(apiKeyIds),
    name: wanted.name,
    scopes: granted,
    expires_at: new Date(expiresAtMs).toISOString(),
    created_at: new Date(now).toISOString(),
  };
  const ttl = Math.ceil(expiresAtMs / 1000);
  const { id, name, scopes, expires_at } = apiKey;
  const key_hash = hashOf(key);
  const data = { id, name, scopes, expires_at };
  return retryConflicts(async () => {
    const [register, event, audit] = await Promise.all([
      getItem(apiKeyKeys.apiKeyRegister(tenantId)),
      prepareEvent(tenantId, apiKeyCreated, data),
      auditEntry(tenantId, audits.apiKeyCreated, { subject: id, data: { scopes, expires_at } }),
    ]);
    // Only now: a key that is made after the register was read fails the transaction.
    const existing = await listApiKeys(tenantId);
    if (existing.length >= maxApiKeys) throw new AppError(tooManyApiKeys);
    const failed = await transact([
      nextRevision(tenantId, Number(register?.revision ?? 0)),
      create({
        ...apiKeyKeys.apiKeyLookup(key_hash),
        tenant_id: tenantId,
        id,
        scopes,
        expires_at,
        ttl,
      }),
      create({ ...apiKeyKeys.apiKey(tenantId, id), ...apiKey, key_hash, ttl }),
      ...event.writes,
      ...audit,
    ]);
    if (failed) return undefined;
    await event.send();
    return { ...apiKey, key };
  });
}

/** Lets one creation at a time count the keys of a tenant, so that the cap holds exactly. */
function nextRevision(tenantId: string, revision: number): Write {
  return {
    update: {
      Key: apiKeyKeys.apiKeyRegister(tenantId),
      ...changes({
        set: { revision: revision + 1 },
        if: ['attribute_not_exists(revision) OR revision = :read', { read: revision }],
      }),
    },
  };
}

/** The keys that have not expired, newest first. */
export async function listApiKeys(tenantId: string): Promise<ApiKey[]> {
  const { pk, prefix } = apiKeyKeys.apiKeysOf(tenantId);
  const { Items = [] } = await query({
    KeyConditionExpression: 'pk = :pk AND begins_with(sk, :sk)',
    ExpressionAttributeValues: { ':pk': pk, ':sk': prefix },
    ScanIndexForward: false,
    ConsistentRead: true,
  });
  const now = new Date().toISOString();
  return Items.map((item) => ApiKeyItem.parse(item))
    .filter(({ expires_at }) => expires_at > now)
    .map(({ key_hash: _, ...apiKey }) => apiKey);
}

/** Deletes a key of the tenant. Throws `not_found`. */
export async function deleteApiKey(tenantId: string, keyId: string): Promise<void> {
  const item = isKeyId(keyId) ? await getItem(apiKeyKeys.apiKey(tenantId, keyId)) : undefined;
  if (!item) throw unknownKey();
  const { key_hash } = ApiKeyItem.parse(item);
  const [event, audit] = await Promise.all([
    prepareEvent(tenantId, apiKeyDeleted, { id: keyId }),
    auditEntry(tenantId, audits.apiKeyDeleted, { subject: keyId }),
  ]);
  const failed = await transact([
    { delete: { Key: apiKeyKeys.apiKey(tenantId, keyId), ...when('attribute_exists(pk)') } },
    { delete: { Key: apiKeyKeys.apiKeyLookup(key_hash) } },
    ...event.writes,
    ...audit,
  ]);
  // Another request has deleted it, and has told of it.
  if (failed) throw unknownKey();
  await event.send();
}

const unknownKey = () => new AppError(notFound, { detail: 'This tenant has no such API key.' });

const isKeyId = (value: string) => /^key_[0-9A-Z]{26}$/.test(value);

interface KnownKey {
  tenantId: string;
  apiKeyId: string;
  scopes: readonly string[];
  expiresAt: string;
}

const remembered = new TtlCache<KnownKey>();

/** The tenant and scopes of a key, remembered for at most 30 seconds. Throws `invalid_api_key`. */
export async function authenticateApiKey(presented: string): Promise<KnownKey> {
  if (!keyShape.test(presented)) throw new AppError(invalidApiKey);
  const hash = hashOf(presented);
  const key = remembered.get(hash) ?? (await findKey(hash));
  if (key.expiresAt <= new Date().toISOString()) throw new AppError(invalidApiKey);
  return key;
}

async function findKey(hash: string): Promise<KnownKey> {
  const item = await getItem(apiKeyKeys.apiKeyLookup(hash));
  if (!item) throw new AppError(invalidApiKey);
  const { tenant_id, id, scopes, expires_at } = ApiKeyLookupItem.parse(item);
  const key = { tenantId: tenant_id, apiKeyId: id, scopes, expiresAt: expires_at };
  remembered.set(hash, key);
  return key;
}
