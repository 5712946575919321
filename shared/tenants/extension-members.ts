import { productSignUpMembers, productTenantMembers } from '../products/tenant-members.ts';

/** Members that features add to the body of a sign-up. */
export const signUpMembers = { ...productSignUpMembers };

/** Members that features add to a tenant in the API. */
export const tenantMembers = { ...productTenantMembers };
