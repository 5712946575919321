/** Reads a setting from the environment. Throws at load, so a function with a hole never starts. */
export function requireEnv(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '')
    throw new Error(`The environment variable ${name} is not set`);
  return value;
}

/** A setting that may be empty. Throws where it is not set. */
export function optionalEnv(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`The environment variable ${name} is not set`);
  return value;
}

/** A setting that must be a positive number. */
export function requirePositiveNumberEnv(name: string): number {
  const value = Number(requireEnv(name));
  if (!Number.isFinite(value) || value <= 0) {
    throw new Error(`The environment variable ${name} is not a positive number`);
  }
  return value;
}

/** A setting whose values are a closed list. */
export function requireEnvOneOf<const T extends string>(name: string, allowed: readonly T[]): T {
  const value = requireEnv(name);
  const found = allowed.find((candidate) => candidate === value);
  if (!found)
    throw new Error(`The environment variable ${name} must be one of ${allowed.join(', ')}`);
  return found;
}

/** A setting that lists names, separated by commas; it may be empty. Throws where it is not set. */
export function requireEnvList(name: string): string[] {
  return optionalEnv(name)
    .split(',')
    .filter((entry) => entry !== '');
}
