import type { WebFeature } from '../app/feature.ts';
import { channelsPage } from './page.ts';

export const channels: WebFeature = { id: 'channels', pages: [channelsPage] };
