import { defineFeature } from '../contract/feature.ts';
import * as auditKinds from './audit.ts';
import * as contract from './contract.ts';
import * as errors from './errors.ts';
import * as ids from './ids.ts';
import * as keys from './keys.ts';
import * as limits from './limits.ts';
import { welcome } from './mails.ts';
import * as metrics from './metrics.ts';
import * as secrets from './secrets.ts';
import * as settings from './settings.ts';

/** People: sign-up, sign-in, sessions, signing keys. */
export const identity = defineFeature({
  id: 'identity',
  isCore: true,
  endpoints: [contract.register, contract.login, contract.refresh, contract.logout],
  errors: Object.values(errors),
  auditKinds: Object.values(auditKinds),
  limits: Object.values(limits),
  ids: Object.values(ids),
  families: [keys.userPartition, keys.emailPartition],
  keys: keys.identityKeys,
  items: keys.items,
  settings: Object.values(settings),
  mails: [welcome],
  secrets: Object.values(secrets),
  metrics: [metrics.signInRefused, metrics.refreshTokenReused],
});
