import { defineFeature } from '../contract/feature.ts';
import * as auditKinds from './audit.ts';
import * as operations from './operations.ts';

/** What the vendor's operators look at and put right. */
export const operator = defineFeature({
  id: 'operator',
  isCore: true,
  auditKinds: Object.values(auditKinds),
  operations: Object.values(operations),
});
