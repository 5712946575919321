import { defineMeter } from '../contract/meters.ts';

export const detectionsIngested = defineMeter({
  name: 'detections_ingested',
  description: 'Detections that sensors sent, each counted once',
});
