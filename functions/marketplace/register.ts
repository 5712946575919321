import { handle } from '../../shared/http/handle.ts';
import { enforceLimit, limitSubjectOf } from '../../shared/limits/limits.ts';
import { register as endpoint } from '../../shared/marketplace/contract.ts';
import { marketplacePerAddress } from '../../shared/marketplace/limits.ts';
import { register } from '../../shared/marketplace/registration.ts';
import { resolvePurchase } from '../../shared/marketplace/resolve-customer.ts';

export const handler = handle(endpoint, async ({ body, client, wantsPage }) => {
  await enforceLimit(marketplacePerAddress, limitSubjectOf(client.address));
  const purchase = await resolvePurchase(body['x-amzn-marketplace-token']);
  const offerType = body['x-amzn-marketplace-offer-type'];
  const registration = await register({ ...purchase, ...(offerType && { offerType }) });
  if (!wantsPage) return { status: 200, body: registration };
  return {
    status: 303,
    headers: { location: `/welcome#ticket=${registration.registration_ticket}` },
  };
});
