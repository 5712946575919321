import * as z from 'zod/mini';
import { defineQueue } from '../contract/queues.ts';

/** Licenses that are over: their last usage is reported at once, and what comes late after it. */
export const finalUsage = defineQueue('final-usage', () =>
  z.strictObject({ tenant_id: z.string(), license_id: z.string() }),
);
