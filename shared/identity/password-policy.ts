import { validationFailed } from '../contract/core-errors.ts';
import { AppError } from '../contract/errors.ts';
import list from './common-passwords.json' with { type: 'json' };

const common = new Set(list.passwords.split(' '));

/**
 * Refuses a new password that others try first: a common one, or one made of the email's or the
 * company's own words. Throws `validation_failed`.
 */
export function assertUncommonPassword(
  password: string,
  context: { email: string; companyName?: string | undefined },
): void {
  const lower = toComparable(password);
  const ownWords = [
    context.email,
    context.email.split('@')[0] ?? '',
    toComparable(context.companyName ?? ''),
  ];
  const isOwnWord = (word: string) =>
    word.length >= 4 && stem(word) !== '' && stem(lower) === stem(word);
  const reason = common.has(lower)
    ? 'is among the most common passwords'
    : ownWords.some(isOwnWord)
      ? 'is the email or the company name'
      : undefined;
  if (reason) {
    throw new AppError(validationFailed, {
      errors: [{ in: 'body', pointer: '/password', detail: reason }],
    });
  }
}

const toComparable = (text: string) => text.normalize('NFC').toLowerCase();

/** A word without the digits and signs at its end, which people add to please a rule. */
const stem = (word: string) => word.replace(/[^\p{L}]+$/u, '');
