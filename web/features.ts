import type { WebFeature } from './app/feature.ts';
import { channels } from './channels/index.ts';
import { detections } from './detections/index.ts';
import { products } from './products/index.ts';
import { webhooks } from './webhooks/index.ts';

/** The features of the web app, in the order of its navigation. The core's pages come after. */
export const features: readonly WebFeature[] = [detections, products, channels, webhooks];
