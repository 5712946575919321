import type { IdKind } from '../contract/ids.ts';

export const detectionIds: IdKind = { prefix: 'det', of: 'detections that came without one' };
