import { ensureBuild } from '../local/build.ts';

/** Bundles and synthesizes once, before the tests of the running system. */
export async function setup(): Promise<void> {
  await ensureBuild();
}
