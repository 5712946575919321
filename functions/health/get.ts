import { handle } from '../../shared/http/handle.ts';
import { health } from '../../shared/service/contract.ts';

export const handler = handle(health, async () => ({
  status: 200,
  body: { status: 'healthy', timestamp: new Date().toISOString(), service: 'tenantry' },
}));
