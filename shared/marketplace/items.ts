import * as z from 'zod/mini';

export const LicenseItem = z.object({
  license_id: z.string(),
  license_arn: z.optional(z.string()),
  customer_identifier: z.optional(z.string()),
  account_id: z.string(),
  product_code: z.string(),
  offer_type: z.optional(z.string()),
  status: z.enum(['PENDING', 'ACTIVE', 'ENDED']),
  created_at: z.string(),
});
export type LicenseItem = z.infer<typeof LicenseItem>;

export const LicenseLookupItem = z.object({ tenant_id: z.string() });
