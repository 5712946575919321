import { changes } from '../table/changes.ts';
import { seriesIndex } from '../table/family.ts';
import { queryPages, tryUpdate } from '../table/table.ts';
import { mailKeys, outboxKey } from './keys.ts';
import { dueKey, dueShards, lostAfterMs, type MailNames } from './outbox.ts';
import { queueMail } from './queue-mail.ts';

/** Mails of a partition that are queued side by side. */
const atOnce = 10;

/**
 * Queues every mail whose time has come and that is not queued: mail for a later day, attempts that lay
 * beyond what SQS holds back, and what was lost on its way. Returns how many, and whether it got to
 * the end: what is left is for the next run.
 */
export async function sweepMail(
  hasTime: () => boolean = () => true,
): Promise<{ queued: number; isComplete: boolean }> {
  const nowMs = Date.now();
  const shards = Array.from({ length: dueShards }, (_, shard) => sweepShard(shard, nowMs, hasTime));
  const swept = await Promise.all(shards);
  return {
    queued: swept.reduce((total, { queued }) => total + queued, 0),
    isComplete: swept.every(({ isComplete }) => isComplete),
  };
}

async function sweepShard(shard: number, nowMs: number, hasTime: () => boolean) {
  let queued = 0;
  const pages = queryPages({
    IndexName: seriesIndex,
    KeyConditionExpression: 'series_pk = :shard AND series_sk < :now',
    ExpressionAttributeValues: {
      ':shard': mailKeys.due(String(shard)),
      ':now': new Date(nowMs).toISOString(),
    },
    Limit: 500,
  });
  for await (const { items } of pages) {
    for (let index = 0; index < items.length; index += atOnce) {
      if (!hasTime()) return { queued, isComplete: false };
      const some = items.slice(index, index + atOnce);
      const done = await Promise.all(some.map((item) => queueDue(item, nowMs)));
      queued += done.filter(Boolean).length;
    }
  }
  return { queued, isComplete: true };
}

/** Queues a mail that is due, and keeps later sweeps from it for a while. False when it has moved on. */
async function queueDue(item: Record<string, unknown>, nowMs: number): Promise<boolean> {
  const names: MailNames = { tenant_id: String(item.tenant_id), mail_id: String(item.mail_id) };
  const postponed = await tryUpdate({
    Key: outboxKey(names.tenant_id, names.mail_id),
    ...changes({
      set: { series_sk: dueKey(names, nowMs + lostAfterMs).series_sk },
      if: ['series_sk = :seen', { seen: item.series_sk }],
    }),
  });
  if (!postponed) return false;
  await queueMail(names.tenant_id, names.mail_id);
  return true;
}
