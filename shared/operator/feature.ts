import { defineFeature } from '../contract/feature.ts';
import * as operations from './operations.ts';

/** What the vendor's operators look at and put right. */
export const operator = defineFeature({
  id: 'operator',
  isCore: true,
  operations: Object.values(operations),
});
