import './detections.css';
import type { WebFeature } from '../app/feature.ts';
import { detectionEventWords } from './events.ts';
import { detectionsPage } from './page.ts';

export const detections: WebFeature = {
  id: 'detections',
  pages: [detectionsPage],
  eventWords: detectionEventWords,
};
