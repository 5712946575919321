import { takeFeedback } from '../../shared/mail/feedback.ts';
import { mailFeedback } from '../../shared/mail/queues.ts';
import { handleBatch } from '../../shared/runtime/queues.ts';

export const handler = handleBatch(mailFeedback, takeFeedback);
