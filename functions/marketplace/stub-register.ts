import { randomUUID } from 'node:crypto';
import { handle } from '../../shared/http/handle.ts';
import { stubRegister } from '../../shared/marketplace/contract.ts';
import { register } from '../../shared/marketplace/registration.ts';

export const handler = handle(stubRegister, async () => {
  const registration = await register({
    licenseId: `dev-${randomUUID()}`,
    accountId: '000000000000',
    productCode: 'DEV-PRODUCT',
  });
  return { status: 201, body: registration };
});
