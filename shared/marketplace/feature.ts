import { defineFeature } from '../contract/feature.ts';
import * as auditKinds from './audit.ts';
import * as contract from './contract.ts';
import * as errors from './errors.ts';
import * as keys from './keys.ts';
import * as limits from './limits.ts';
import * as mails from './mails.ts';
import * as metrics from './metrics.ts';
import { agreementEvents } from './queue.ts';
import * as settings from './settings.ts';

/** AWS Marketplace: from a purchase to a tenant. */
export const marketplace = defineFeature({
  id: 'marketplace',
  isCore: true,
  endpoints: [
    contract.register,
    contract.registerByLink,
    contract.completeProfile,
    contract.linkLicense,
    contract.getSubscription,
    contract.stubRegister,
  ],
  workers: [contract.takeAgreementEvents, contract.refreshEntitlements, contract.alertParkedEvents],
  queues: [agreementEvents],
  errors: Object.values(errors),
  auditKinds: Object.values(auditKinds),
  limits: Object.values(limits),
  families: [
    keys.licensePartition,
    keys.agreementPartition,
    keys.parkedAgreements,
    keys.buyerLicenses,
    keys.dueEntitlements,
  ],
  keys: keys.marketplaceKeys,
  items: keys.items,
  mails: Object.values(mails),
  settings: Object.values(settings),
  metrics: Object.values(metrics),
});
