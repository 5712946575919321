import { versionConflict } from '../contract/core-errors.ts';
import { AppError } from '../contract/errors.ts';

const maxAttempts = 10;

/**
 * Reads and writes until a write succeeds that depends on what was read: `attempt` returns undefined
 * when another writer came in between. Throws `version_conflict` after ten attempts.
 */
export async function retryConflicts<T>(attempt: () => Promise<T | undefined>): Promise<T> {
  for (let count = 0; count < maxAttempts; count += 1) {
    const result = await attempt();
    if (result !== undefined) return result;
  }
  throw new AppError(versionConflict);
}
