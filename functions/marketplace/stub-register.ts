import { handle } from '../../shared/http/handle.ts';
import { stubRegister } from '../../shared/marketplace/contract.ts';
import { stubPurchase } from '../../shared/marketplace/stub-purchase.ts';

export const handler = handle(stubRegister, async () => ({
  status: 201,
  body: await stubPurchase(),
}));
