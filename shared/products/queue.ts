import * as z from 'zod';
import { defineQueue } from '../contract/queues.ts';

/** The runs that a worker shall go on with. */
export const syncQueue = defineQueue(
  'sync',
  z.strictObject({ tenant_id: z.string(), run_id: z.string() }),
);
