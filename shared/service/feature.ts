import { defineFeature } from '../contract/feature.ts';
import * as contract from './contract.ts';

/** The product itself: its root, documents, keys and health. */
export const service = defineFeature({
  id: 'service',
  isCore: true,
  endpoints: [
    contract.root,
    contract.docs,
    contract.openapi,
    contract.jwks,
    contract.health,
    contract.live,
    contract.ready,
  ],
});
