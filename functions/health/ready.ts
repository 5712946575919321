import { ready } from '../../shared/contract/service.ts';
import { checkReadiness } from '../../shared/health.ts';
import { handle } from '../../shared/http/handle.ts';

export const handler = handle(ready, async () => {
  const readiness = await checkReadiness();
  return { status: readiness.status === 'healthy' ? 200 : 503, body: readiness };
});
