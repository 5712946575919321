import { operator } from '../mail/keys.ts';
import { operatorMailWrites } from '../mail/outbox.ts';
import { queueMail } from '../mail/queue-mail.ts';
import { seriesIndex } from '../table/family.ts';
import { query, transact } from '../table/table.ts';
import { parkedAgreements } from './keys.ts';
import { eventsParked } from './mails.ts';

const patienceMs = 86_400_000;
/** More are not counted. */
const most = 100;

/**
 * Tells the operator, once a day, of agreements whose events have waited for a registration for more
 * than a day. Returns how many there are, 100 at most.
 */
export async function alertParked(): Promise<number> {
  const now = new Date();
  const { Items = [] } = await query({
    IndexName: seriesIndex,
    KeyConditionExpression: 'series_pk = :parked AND series_sk < :since',
    ExpressionAttributeValues: {
      ':parked': parkedAgreements.pattern,
      ':since': new Date(now.getTime() - patienceMs).toISOString(),
    },
    Limit: most,
  });
  if (Items.length === 0) return 0;
  const once = `${eventsParked.id}.${now.toISOString().slice(0, 10)}`;
  const params = { count: Items.length };
  const wasTold = await transact(operatorMailWrites(eventsParked, { params, once }));
  if (!wasTold) await queueMail(operator, once);
  return Items.length;
}
