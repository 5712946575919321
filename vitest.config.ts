import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/** Pages are text for functions, as the bundler makes them. */
const pagesAsText = {
  name: 'pages-as-text',
  enforce: 'pre',
  load: (id: string) =>
    id.endsWith('.html') ? `export default ${JSON.stringify(readFileSync(id, 'utf8'))}` : null,
} as const;

export default defineConfig({
  plugins: [pagesAsText],
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    reporters: ['dot'],
    silent: 'passed-only',
    setupFiles: ['harness/quiet.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'shared',
          isolate: false,
          include: ['test/{shared,operator}/**/*.test.ts'],
          setupFiles: ['harness/between-files.ts', 'harness/environment.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'functions',
          isolate: false,
          include: ['test/functions/**/*.test.ts'],
          setupFiles: ['harness/between-files.ts', 'harness/environment.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'capacity',
          include: ['test/capacity/**/*.test.ts'],
          setupFiles: ['harness/environment.ts'],
        },
      },
      {
        extends: true,
        test: { name: 'infra', isolate: false, include: ['test/infra/**/*.test.ts'] },
      },
      { extends: true, test: { name: 'local', include: ['test/local/**/*.test.ts'] } },
      {
        extends: true,
        test: {
          name: 'system',
          include: ['test/system/**/*.test.ts', 'test/web/**/*.test.ts'],
          globalSetup: ['harness/built.ts'],
        },
      },
    ],
  },
});
