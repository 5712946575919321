import { verificationKeys } from '../identity/verification-keys.ts';
import { limitKeys } from '../limits/keys.ts';
import { getItem } from '../table/table.ts';

interface Check {
  status: 'healthy' | 'unhealthy';
  response_time_ms: number;
}

export interface Readiness {
  status: 'healthy' | 'unhealthy';
  timestamp: string;
  checks: Record<string, Check>;
}

/** Asks every dependency once, side by side. Says which do not answer, never why. */
export async function checkReadiness(): Promise<Readiness> {
  const [table, signingKeys] = await Promise.all([
    check(() => getItem(limitKeys.limit('ready', 'probe', 0))),
    check(() => verificationKeys.get()),
  ]);
  const checks = { table, signing_keys: signingKeys };
  const isHealthy = Object.values(checks).every(({ status }) => status === 'healthy');
  return {
    status: isHealthy ? 'healthy' : 'unhealthy',
    timestamp: new Date().toISOString(),
    checks,
  };
}

async function check(ask: () => Promise<unknown>): Promise<Check> {
  const startedAt = performance.now();
  const answered = await ask().then(
    () => true,
    () => false,
  );
  return {
    status: answered ? 'healthy' : 'unhealthy',
    response_time_ms: Math.round((performance.now() - startedAt) * 10) / 10,
  };
}
