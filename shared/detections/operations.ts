import * as z from 'zod/mini';
import { defineOperation } from '../contract/operations.ts';
import { tenantPartition } from '../tenants/keys.ts';
import { eniReleased } from './audit.ts';
import { EniId } from './contract/detections.ts';
import { eniPartition } from './keys.ts';

export const releaseEni = defineOperation({
  id: 'detections/release-eni',
  command: 'interfaces release',
  summary: 'Take a network interface from the tenant that has claimed or reported it',
  changes:
    'Its detections stay with that tenant. Any tenant can claim the interface then, also the same.',
  input: z.strictObject({ eni_id: EniId }),
  positional: ['eni_id'],
  audits: [eniReleased],
  table: [
    [eniPartition, ['GetItem', 'DeleteItem']],
    [tenantPartition, ['DeleteItem', 'UpdateItem']],
  ],
});
