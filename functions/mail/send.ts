import { mailQueue } from '../../shared/mail/queues.ts';
import { sendQueued } from '../../shared/mail/send.ts';
import { handleBatch } from '../../shared/runtime/queues.ts';

export const handler = handleBatch(mailQueue, sendQueued);
