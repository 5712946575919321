import { cpSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('..', import.meta.url));
const notCopied = ['node_modules', 'build', 'cdk.out', 'coverage'];

/** A copy of the sources that may be changed, nothing built yet. */
export interface Checkout {
  readonly folder: string;
  remove(): void;
}

/** Copies the repository aside; its packages are those of the repository. */
export function checkOut(): Checkout {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tenantry-checkout-')));
  for (const name of readdirSync(repository)) {
    if (!name.startsWith('.') && !notCopied.includes(name))
      cpSync(join(repository, name), join(folder, name), { recursive: true });
  }
  symlinkSync(
    realpathSync(join(repository, 'node_modules')),
    join(folder, 'node_modules'),
    'junction',
  );
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
