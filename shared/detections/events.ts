import type { EventKind } from '../contract/events.ts';

export const detectionCreated: EventKind = {
  type: 'detection.created',
  description:
    'Detections were stored: one event for a report, or several for the parts of a large one. Data: `count`, `detection_ids`.',
};
