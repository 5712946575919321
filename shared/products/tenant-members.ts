import * as z from 'zod/mini';
import { ChannelName } from '../channels/names.ts';

/** What a tenant says of itself at sign-up: where it sells. */
export const productSignUpMembers = { marketplace_type: z.optional(ChannelName) };

/** The same as the tenant is shown; null for one that did not say. */
export const productTenantMembers = { marketplace_type: z.nullable(ChannelName) };
