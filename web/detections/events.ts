import type { EventWords } from '../app/feature.ts';

/** Events of detections that webhooks may ask for, in words for people. */
export const detectionEventWords: EventWords = {
  'detection.created': 'Sensors reported detections: one event for all of a report.',
};
