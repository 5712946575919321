import type { IdKind } from '../contract/ids.ts';

export const webhookIds: IdKind = { prefix: 'whk', of: 'webhooks' };
