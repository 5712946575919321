import { handle } from '../../shared/http/handle.ts';
import { page } from '../../shared/http/page.ts';
import { enforceLimit, limitSubjectOf } from '../../shared/limits/limits.ts';
import { registerByLink } from '../../shared/marketplace/contract.ts';
import { marketplacePerAddress } from '../../shared/marketplace/limits.ts';
import { register } from '../../shared/marketplace/registration.ts';
import { resolvePurchase } from '../../shared/marketplace/resolve-customer.ts';

const howToReturn = `<p>This address is for buyers who come from AWS Marketplace.</p>
<p>In the AWS console, open <b>AWS Marketplace &gt; Manage subscriptions</b>, choose the product and
click <b>Set up your account</b>. AWS then brings you back here with your registration.</p>
<p>You have an account already? <a href="/">Sign in</a>.</p>`;

export const handler = handle(registerByLink, async ({ query, client }) => {
  const token = query.token ?? query['x-amzn-marketplace-token'];
  if (token === undefined) return page(200, 'Come back from AWS Marketplace', howToReturn);
  await enforceLimit(marketplacePerAddress, limitSubjectOf(client.address));
  return { status: 200, body: await register(await resolvePurchase(token)) };
});
