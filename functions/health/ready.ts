import { handle } from '../../shared/http/handle.ts';
import { ready } from '../../shared/service/contract.ts';
import { checkReadiness } from '../../shared/service/health.ts';

export const handler = handle(ready, async () => {
  const readiness = await checkReadiness();
  return { status: readiness.status === 'healthy' ? 200 : 503, body: readiness };
});
