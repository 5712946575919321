import * as z from 'zod/mini';
import { ChannelName } from './names.ts';

/** Seller credentials, sealed. What is readable here is what a reader of the API may see. */
export const CredentialItem = z.object({
  marketplace: ChannelName,
  /** JWE (dir, A256GCM) of the credentials; its protected header names the tenant and this item. */
  sealed: z.string(),
  /** The data key of `sealed`, encrypted by KMS. */
  data_key: z.string(),
  key_id: z.string(),
  key_material_id: z.string(),
  sealed_at: z.string(),
  shown: z.record(z.string(), z.string()),
  verified_at: z.nullable(z.string()),
  created_at: z.string(),
  updated_at: z.string(),
});
export type CredentialItem = z.infer<typeof CredentialItem>;
