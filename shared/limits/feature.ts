import { defineFeature } from '../contract/feature.ts';
import * as keys from './keys.ts';
import * as settings from './settings.ts';

/** How often something may be done. */
export const limits = defineFeature({
  id: 'limits',
  isCore: true,
  families: [keys.limitPartition],
  keys: keys.limitKeys,
  items: keys.items,
  settings: Object.values(settings),
});
