import * as z from 'zod/mini';

export const ApiKeyItem = z.object({
  id: z.string(),
  name: z.string(),
  scopes: z.array(z.string()),
  key_hash: z.string(),
  expires_at: z.string(),
  created_at: z.string(),
});
export type ApiKeyItem = z.infer<typeof ApiKeyItem>;

export const ApiKeyLookupItem = z.object({
  tenant_id: z.string(),
  id: z.string(),
  scopes: z.array(z.string()),
  expires_at: z.string(),
});
