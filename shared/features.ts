import { apiKeys } from './api-keys/feature.ts';
import { audit } from './audit/feature.ts';
import { channels } from './channels/feature.ts';
import { core } from './contract/core.ts';
import type { Feature } from './contract/feature.ts';
import { detections } from './detections/feature.ts';
import { events } from './events/feature.ts';
import { identity } from './identity/feature.ts';
import { limits } from './limits/feature.ts';
import { mail } from './mail/feature.ts';
import { marketplace } from './marketplace/feature.ts';
import { metering } from './metering/feature.ts';
import { operator } from './operator/feature.ts';
import { products } from './products/feature.ts';
import { service } from './service/feature.ts';
import { tenants } from './tenants/feature.ts';
import { webhooks } from './webhooks/feature.ts';

/** The product: the areas of the core, then the features on it, in the order of the documents. */
export const features: readonly Feature[] = [
  core,
  service,
  marketplace,
  metering,
  identity,
  tenants,
  apiKeys,
  limits,
  mail,
  events,
  audit,
  operator,
  webhooks,
  detections,
  channels,
  products,
];
