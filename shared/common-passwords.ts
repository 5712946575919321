import list from './common-passwords.json' with { type: 'json' };

const common = new Set(list.passwords.split(' '));

/** Whether a lower-case password is on the list of those that are tried first. */
export function isCommonPassword(lowerCasePassword: string): boolean {
  return common.has(lowerCasePassword);
}
