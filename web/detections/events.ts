/** Events of detections that webhooks may ask for, in words for people. */
export const detectionEventWords: Readonly<Record<string, string>> = {
  'detection.created': 'Sensors reported detections: one event for all of a report.',
};
