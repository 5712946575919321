import * as apiKeys from '../api-keys/contract.ts';
import * as credentials from '../channels/contract.ts';
import * as detections from '../detections/contract/detections.ts';
import * as enis from '../detections/contract/enis.ts';
import * as detectionsExport from '../detections/contract/export.ts';
import * as statistics from '../detections/contract/statistics.ts';
import * as auth from '../identity/contract.ts';
import * as marketplace from '../marketplace/contract.ts';
import * as products from '../products/contract.ts';
import * as service from '../service/contract.ts';
import * as tenants from '../tenants/contract.ts';
import * as webhooks from '../webhooks/contract.ts';
import type { BackgroundFunction } from './background.ts';
import type { Endpoint } from './endpoint.ts';

/** Every endpoint of the API, in the order in which the documents list them. */
export const endpoints: readonly Endpoint[] = [
  service.root,
  service.docs,
  service.openapi,
  service.jwks,
  service.health,
  service.live,
  service.ready,
  marketplace.register,
  marketplace.registerByLink,
  marketplace.completeProfile,
  auth.register,
  auth.login,
  auth.refresh,
  auth.logout,
  tenants.getMyTenant,
  tenants.updateMyTenant,
  apiKeys.createApiKey,
  apiKeys.listApiKeys,
  apiKeys.deleteApiKey,
  webhooks.createWebhook,
  webhooks.listWebhooks,
  webhooks.getWebhook,
  webhooks.updateWebhook,
  webhooks.deleteWebhook,
  webhooks.rotateWebhookSecret,
  webhooks.testWebhook,
  webhooks.listDeliveries,
  webhooks.replayDelivery,
  detections.listDetections,
  detections.ingestDetections,
  credentials.updateCredentials,
  credentials.getCredentials,
  credentials.deleteCredentials,
  statistics.detectionStatistics,
  detectionsExport.exportDetections,
  enis.claimEnis,
  enis.listEnis,
  enis.deleteEni,
  products.listProducts,
  products.startProductSync,
  products.getProductSync,
  products.listProductSyncs,
  products.getProduct,
  products.getProductHistory,
  products.dashboard,
  products.lowStock,
  products.topProducts,
  products.stockDistribution,
  products.syncHistory,
  marketplace.stubRegister,
  detections.seedDetections,
];

/** The endpoints that exist in a stage. */
export function endpointsOf(stage: string): readonly Endpoint[] {
  return stage === 'local' ? endpoints : endpoints.filter((endpoint) => !endpoint.localOnly);
}

/** Every function that works off a queue or runs by a schedule. */
export const workers: readonly BackgroundFunction[] = [
  webhooks.deliverWebhooks,
  webhooks.sweepDeliveries,
  credentials.rewrapCredentials,
  products.syncWorker,
  products.syncSweep,
];
