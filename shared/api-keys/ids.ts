import type { IdKind } from '../contract/ids.ts';

export const apiKeyIds: IdKind = { prefix: 'key', of: 'API keys' };
