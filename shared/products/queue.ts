import * as z from 'zod/mini';
import { defineQueue } from '../contract/queues.ts';

/** The runs that a worker is to continue. */
export const syncQueue = defineQueue('sync', () =>
  z.strictObject({ tenant_id: z.string(), run_id: z.string() }),
);
