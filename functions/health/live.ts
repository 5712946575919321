import { live } from '../../shared/contract/service.ts';
import { handle } from '../../shared/http/handle.ts';

export const handler = handle(live, async () => ({
  status: 200,
  body: { status: 'alive', timestamp: new Date().toISOString() },
}));
