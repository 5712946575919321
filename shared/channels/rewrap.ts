import { currentKey } from '../runtime/envelopes.ts';
import { logger } from '../runtime/logger.ts';
import { seriesIndex, tenantIdOf } from '../table/family.ts';
import { queryPages } from '../table/table.ts';
import { rewrap } from './credentials.ts';
import { CredentialItem } from './items.ts';
import { channelKeys } from './keys.ts';

const pageSize = 50;

/**
 * Reseals what an older key, or older material of the key, has sealed. The index has all
 * credentials by when they were sealed, so the first one of today's key ends the search: a run that
 * finds nothing to do reads one page. Credentials that cannot be opened are named in the log and stay.
 */
export async function rewrapCredentials(deadlineMs: number): Promise<{
  rewrapped: number;
  failed: number;
  isDone: boolean;
}> {
  const isCurrent = await currentKey();
  const startedAt = new Date().toISOString();
  let [rewrapped, failed] = [0, 0];
  const pages = queryPages({
    IndexName: seriesIndex,
    // What this run seals comes after its start and is not met again.
    KeyConditionExpression: 'series_pk = :pk AND series_sk < :start',
    ExpressionAttributeValues: { ':pk': channelKeys.sealedCredentials(), ':start': startedAt },
    Limit: pageSize,
  });
  for await (const { items } of pages) {
    for (const entry of items) {
      const item = CredentialItem.safeParse(entry);
      if (item.data && isCurrent(item.data)) return { rewrapped, failed, isDone: true };
      if (Date.now() >= deadlineMs) return { rewrapped, failed, isDone: false };
      const outcome = await attempt(entry, item.data);
      if (outcome === 'rewrapped') rewrapped += 1;
      if (outcome === 'failed') failed += 1;
    }
  }
  return { rewrapped, failed, isDone: true };
}

async function attempt(
  { pk, sk }: Record<string, unknown>,
  item: CredentialItem | undefined,
): Promise<'rewrapped' | 'changed' | 'failed'> {
  const tenantId = tenantIdOf(pk);
  try {
    if (!item) throw new TypeError('The item is not one of credentials');
    const isDone = await rewrap(tenantId, item.marketplace, item.sealed_at);
    return isDone ? 'rewrapped' : 'changed';
  } catch (error) {
    const error_name = error instanceof Error ? error.name : 'unknown';
    logger.error('rewrap_failed', { tenant_id: tenantId, item: String(sk), error_name });
    return 'failed';
  }
}
