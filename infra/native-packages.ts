import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import bcrypt from '@node-rs/bcrypt/package.json' with { type: 'json' };
import type { NativePackage } from '../shared/contract/endpoint.ts';

interface NativePart {
  /** The processor of Lambda that the compiled part is for. */
  readonly architecture: 'arm64' | 'x86_64';
  /** What lies beside a bundle that has the package, and where below `node_modules` it comes from. */
  readonly files: Readonly<Record<string, string>>;
}

/** The bindings of each native package. A function that needs one runs on its processor. */
export const nativeParts: Readonly<Record<NativePackage, NativePart>> = {
  // Compiled for Linux x64 only: docs/decisions/0018-bcrypt-binding.md.
  '@node-rs/bcrypt': {
    architecture: 'x86_64',
    files: {
      'bcrypt.linux-x64-gnu.node': '@node-rs/bcrypt-linux-x64-gnu/bcrypt.linux-x64-gnu.node',
      'licenses/bcrypt': '@node-rs/bcrypt/LICENSE',
      'licenses/rust-bcrypt': '@node-rs/bcrypt/LICENSE.rust-bcrypt',
    },
  },
};

/** The processor for a function with these packages: arm64, which is cheaper, where none needs another. */
export function architectureFor(native: readonly NativePackage[] = []): 'arm64' | 'x86_64' {
  return native.some((name) => nativeParts[name].architecture === 'x86_64') ? 'x86_64' : 'arm64';
}

/** The compiled file that a machine itself runs, in the names that napi-rs gives its packages. */
function bindingOf(platform: string, arch: string): { package: string; file: string } {
  const machine = `${platform}-${arch}${{ linux: '-gnu', win32: '-msvc' }[platform] ?? ''}`;
  const name = `@node-rs/bcrypt-${machine}`;
  return { package: name, file: installed(`${name}/bcrypt.${machine}.node`) };
}

/** What lets a bundle, which carries the compiled file for Lambda, load the one for this machine. */
export function bindingEnvironment({
  platform,
  arch,
}: {
  platform: string;
  arch: string;
} = process): Record<string, string> {
  if (platform === 'linux' && arch === 'x64') return {};
  return { NAPI_RS_NATIVE_LIBRARY_PATH: bindingOf(platform, arch).file };
}

/** Compiled packages that npm does not install on this kind of machine by itself are not there. */
export class MissingBindingError extends Error {
  constructor(packages: readonly string[]) {
    const command = packages.map((name) => `${name}@${bcrypt.version}`).join(' ');
    super(
      `${packages.join(' and ')} must be installed to hash passwords: npm install --no-save --force ${command} (docs/operations.md, "Building on other machines")`,
    );
    this.name = 'MissingBindingError';
  }

  /** Where it is printed, its message says all there is to do. */
  [inspect.custom](): string {
    return this.message;
  }
}

/**
 * Throws MissingBindingError if the compiled part for Lambda or the one for this machine is missing,
 * and names both, because each such installation removes what an earlier one left.
 */
export function requireBindings(
  machine: { platform: string; arch: string } = process,
  isInstalled: (file: string) => boolean = existsSync,
): void {
  const bindings = [bindingOf('linux', 'x64'), bindingOf(machine.platform, machine.arch)];
  const packages = [...new Set(bindings.map((binding) => binding.package))];
  if (bindings.some(({ file }) => !isInstalled(file))) throw new MissingBindingError(packages);
}

function installed(path: string): string {
  return fileURLToPath(new URL(`../node_modules/${path}`, import.meta.url));
}
