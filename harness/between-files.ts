import { afterAll, vi } from 'vitest';

/**
 * For projects whose files share a process, so that packages load once for all of them: when a file
 * ends, the next one finds modules, environment, clock and functions as if it were the first.
 */
const environment = { ...process.env };

// Runs after every other hook of the file.
afterAll(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
  vi.useRealTimers();
  vi.resetModules();
  for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
  Object.assign(process.env, environment);
});
