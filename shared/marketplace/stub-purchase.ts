import { randomUUID } from 'node:crypto';
import { type Registration, register } from './registration.ts';
import { soldProducts } from './sold-products.ts';
import { takeEvent } from './take-event.ts';

/** Registers a purchase that AWS Marketplace knows nothing of, with an active license. Only for one machine. */
export async function stubPurchase(): Promise<Registration> {
  const id = randomUUID();
  const product_code = soldProducts[0]?.code ?? '';
  const [licenseId, agreementId, accountId] = [`dev-${id}`, `agmt-dev-${id}`, '000000000000'];
  await takeEvent({
    event_id: id,
    time: new Date().toISOString(),
    name: 'License Updated',
    agreement_id: agreementId,
    license_id: licenseId,
    product_code,
    account_id: accountId,
    detail: {},
  });
  return register({ licenseId, accountId, productCode: product_code });
}
