import * as errors from './core-errors.ts';
import { defineFeature } from './feature.ts';

/** What every area has in common. */
export const core = defineFeature({ id: 'contract', isCore: true, errors: Object.values(errors) });
