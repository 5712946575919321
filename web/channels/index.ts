import type { WebFeature } from '../app/feature.ts';
import { sellersPage } from './page.ts';

export const channels: WebFeature = { id: 'channels', pages: [sellersPage] };
