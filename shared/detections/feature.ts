import { defineFeature } from '../contract/feature.ts';
import * as auditKinds from './audit.ts';
import * as contract from './contract/detections.ts';
import * as enis from './contract/enis.ts';
import * as exports from './contract/export.ts';
import * as statistics from './contract/statistics.ts';
import * as errors from './errors.ts';
import * as events from './events.ts';
import * as ids from './ids.ts';
import * as keys from './keys.ts';
import * as limits from './limits.ts';
import * as meters from './meters.ts';
import * as operations from './operations.ts';
import * as scopes from './scopes.ts';

/** Detections that sensors report, and the network interfaces they name. */
export const detections = defineFeature({
  id: 'detections',
  endpoints: [
    contract.listDetections,
    contract.ingestDetections,
    statistics.detectionStatistics,
    exports.exportDetections,
    enis.claimEnis,
    enis.listEnis,
    enis.deleteEni,
    contract.seedDetections,
  ],
  operations: Object.values(operations),
  errors: Object.values(errors),
  auditKinds: Object.values(auditKinds),
  limits: Object.values(limits),
  events: Object.values(events),
  ids: Object.values(ids),
  families: [
    keys.detectionPartition,
    keys.detectionSeries,
    keys.detectionCountPartition,
    keys.eniPartition,
    keys.vniPartition,
  ],
  keys: keys.detectionKeys,
  items: keys.items,
  scopes: Object.values(scopes),
  meters: Object.values(meters),
});
