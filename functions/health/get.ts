import { health } from '../../shared/contract/service.ts';
import { handle } from '../../shared/http/handle.ts';

export const handler = handle(health, async () => ({
  status: 200,
  body: { status: 'healthy', timestamp: new Date().toISOString(), service: 'tenantry' },
}));
