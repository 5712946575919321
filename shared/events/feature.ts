import { defineFeature } from '../contract/feature.ts';
import * as ids from './ids.ts';

/** What happens in a tenant, for those who want to know. */
export const events = defineFeature({ id: 'events', isCore: true, ids: Object.values(ids) });
