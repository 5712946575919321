import * as z from 'zod';

export const LicenseItem = z.object({
  license_id: z.string(),
  license_arn: z.string().optional(),
  customer_identifier: z.string().optional(),
  account_id: z.string(),
  product_code: z.string(),
  offer_type: z.string().optional(),
  status: z.enum(['PENDING', 'ACTIVE', 'ENDED']),
  created_at: z.string(),
});
export type LicenseItem = z.infer<typeof LicenseItem>;

export const LicenseLookupItem = z.object({ tenant_id: z.string() });
