import { detectionsIngested } from '../detections/meters.ts';
import type { SoldProduct } from './sold-product.ts';

/**
 * What the vendor sells on AWS Marketplace: the one place where product codes, pricing and dimensions
 * stand, and what each of them means here. These are products for trying it out; a deployment of
 * `prod` refuses them.
 */
export const soldProducts: readonly SoldProduct[] = [
  {
    code: 'tenantry-demo',
    name: 'Tenantry',
    pricing: 'usage',
    plan: 'PRO',
    dimensions: [
      { key: 'api_calls', unit: 'Requests', name: 'Calls of your own, reported by API key' },
      {
        key: 'detections_ingested',
        unit: 'Units',
        name: 'Detections',
        meters: [detectionsIngested],
      },
    ],
  },
  {
    code: 'tenantry-demo-contract',
    name: 'Tenantry by the year',
    pricing: 'contract',
    dimensions: [
      { key: 'starter', unit: 'Units', name: 'Starter', plan: 'STARTER' },
      { key: 'pro', unit: 'Units', name: 'Pro', plan: 'PRO' },
      { key: 'enterprise', unit: 'Units', name: 'Enterprise', plan: 'ENTERPRISE' },
    ],
  },
  {
    code: 'tenantry-demo-consumption',
    name: 'Tenantry by the year, with usage above it',
    pricing: 'contract-with-consumption',
    dimensions: [
      { key: 'pro', unit: 'Units', name: 'Pro', plan: 'PRO' },
      { key: 'extra_calls', unit: 'Requests', name: 'Calls above the contract', isMetered: true },
    ],
  },
  {
    code: 'tenantry-demo-free',
    name: 'Tenantry for free',
    pricing: 'free',
    plan: 'FREE',
    dimensions: [],
  },
  {
    code: 'tenantry-demo-legacy',
    name: 'Tenantry, listed before June 2026',
    pricing: 'usage',
    identity: 'customer',
    topics: [
      'arn:aws:sns:us-east-1:287250355862:aws-mp-subscription-notification-tenantry-demo-legacy',
    ],
    plan: 'PRO',
    dimensions: [{ key: 'api_calls', unit: 'Requests', name: 'Calls of your own' }],
  },
];
