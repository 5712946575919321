import { logger } from '../runtime/logger.ts';
import { send } from '../runtime/queues.ts';
import type { MailNames } from './outbox.ts';
import { mailQueue } from './queues.ts';

/** Queues a mail that is stored. Where that fails the sweep makes up for it. */
export async function queueMail(
  tenantId: string,
  once: string,
  delaySeconds?: number,
): Promise<void> {
  const names: MailNames = { tenant_id: tenantId, mail_id: once };
  try {
    await send(mailQueue, names, delaySeconds === undefined ? {} : { delaySeconds });
  } catch (error) {
    logger.warn('mail_not_queued', {
      ...names,
      error_name: error instanceof Error ? error.name : 'unknown',
    });
  }
}
