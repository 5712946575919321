import type { IdKind } from '../contract/ids.ts';

export const eventIds: IdKind = { prefix: 'msg', of: 'events, and their deliveries' };
