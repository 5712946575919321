import type { IdKind } from '../contract/ids.ts';

export const userIds: IdKind = { prefix: 'usr', of: 'people' };
export const sessionIds: IdKind = { prefix: 'ses', of: 'sessions' };
