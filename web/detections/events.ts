import type { detectionEvents } from '../../shared/detections/contract/detections.ts';

/** Events of detections that webhooks may ask for, in words for people. */
export const detectionEventWords: Readonly<Record<keyof typeof detectionEvents, string>> = {
  'detection.created': 'Sensors reported detections: one event for all of a report.',
};
