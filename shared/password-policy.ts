import list from './common-passwords.json' with { type: 'json' };
import { AppError } from './errors.ts';

const common = new Set(list.passwords.split(' '));

/**
 * Refuses a new password that others try first: a common one, or one made of the email's or the
 * company's own words. Throws `validation_failed`.
 */
export function assertUncommonPassword(
  password: string,
  context: { email: string; companyName?: string | undefined },
): void {
  const lower = password.normalize('NFC').toLowerCase();
  const ownWords = [
    context.email,
    context.email.split('@')[0] ?? '',
    context.companyName?.toLowerCase() ?? '',
  ];
  const reason = common.has(lower)
    ? 'is among the most common passwords'
    : ownWords.some(
          (word) =>
            word.length >= 4 && lower.replace(/[\d\W_]+$/u, '') === word.replace(/[\d\W_]+$/u, ''),
        )
      ? 'is the email or the company name'
      : undefined;
  if (reason) {
    throw new AppError('validation_failed', {
      errors: [{ in: 'body', pointer: '/password', detail: reason }],
    });
  }
}
