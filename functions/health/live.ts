import { handle } from '../../shared/http/handle.ts';
import { live } from '../../shared/service/contract.ts';

export const handler = handle(live, async () => ({
  status: 200,
  body: { status: 'alive', timestamp: new Date().toISOString() },
}));
