import './webhooks.css';
import type { WebFeature } from '../app/feature.ts';
import { webhookPage, webhooksPage } from './page.ts';

export const webhooks: WebFeature = { id: 'webhooks', pages: [webhooksPage, webhookPage] };
