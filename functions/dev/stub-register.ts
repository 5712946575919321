import { randomUUID } from 'node:crypto';
import { stubRegister } from '../../shared/contract/marketplace.ts';
import { handle } from '../../shared/http/handle.ts';
import { register } from '../../shared/registration.ts';

export const handler = handle(stubRegister, async () => {
  const registration = await register({
    licenseId: `dev-${randomUUID()}`,
    accountId: '000000000000',
    productCode: 'DEV-PRODUCT',
  });
  return { status: 201, body: registration };
});
