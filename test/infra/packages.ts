import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleFunctions } from '../../infra/bundle.ts';

/** The packages that code of a function's bundle comes from, each once. */
export async function packagesUsedBy(id: string): Promise<string[]> {
  const outdir = mkdtempSync(join(tmpdir(), 'tenantry-bundle-'));
  try {
    const bundles = await bundleFunctions({ ids: [id], outdir });
    const inputs = bundles.flatMap((bundle) => Object.entries(bundle.inputs));
    const used = inputs.flatMap(([path, bytes]) =>
      bytes > 0 ? (/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []) : [],
    );
    return [...new Set(used)];
  } finally {
    rmSync(outdir, { recursive: true });
  }
}
