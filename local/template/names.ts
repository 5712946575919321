/** `auth/login` and the logical id `AuthLogin` name the same function. */
export function sameName(logicalId: string, functionId: string): boolean {
  return logicalId.toLowerCase() === functionId.replace(/[^A-Za-z0-9]/g, '').toLowerCase();
}
