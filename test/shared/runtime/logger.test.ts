import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const run = promisify(execFile);

/** What a function writes with these settings of Lambda and of the deployment. */
async function linesAt(level: string): Promise<Record<string, unknown>[]> {
  const source = (path: string) => new URL(`../../../shared/${path}`, import.meta.url).href;
  const script = `
    const { logger } = await import('${source('runtime/logger.ts')}');
        const { recordMetric } = await import('${source('runtime/metrics.ts')}');
    const { signInRefused } = await import('${source('identity/metrics.ts')}');
    logger.info('told');
    logger.warn('warned');
    recordMetric(signInRefused, 1);`;
  const { stdout, stderr } = await run(
    process.execPath,
    ['--input-type=module', '--eval', script],
    {
      env: {
        AWS_LAMBDA_LOG_LEVEL: 'INFO',
        POWERTOOLS_LOG_LEVEL: level,
        POWERTOOLS_METRICS_NAMESPACE: 'Tenantry/test',
        POWERTOOLS_SERVICE_NAME: 'tenantry',
      },
    },
  );
  return `${stdout}${stderr}`
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
}

describe('the level of the logger', () => {
  it.each([
    ['INFO', ['told', 'warned']],
    ['WARN', ['warned']],
    ['ERROR', []],
  ])(
    'is %s where the deployment says so, and metrics are written all the same',
    async (level, messages) => {
      const lines = await linesAt(level);

      const logged = lines.filter((line) => 'level' in line).map(({ message }) => message);
      expect(logged.toSorted()).toEqual(messages);
      const metrics = lines.filter((line) => '_aws' in line);
      expect(metrics).toHaveLength(1);
      // Without a level Lambda takes a line for INFO, which its own level lets pass.
      expect(metrics[0]).toMatchObject({ SignInRefused: 1 });
      expect(metrics[0]).not.toHaveProperty('level');
    },
  );
});
