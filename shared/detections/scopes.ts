import type { ApiKeyScope } from '../api-keys/scopes.ts';

export const detectionsWrite: ApiKeyScope = {
  name: 'detections:write',
  description: 'Report detections',
  isDefault: true,
};
