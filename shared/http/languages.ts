import { type Language, languages } from '../contract/mails.ts';

/** What more there is of a header is not read. */
const maxHeader = 256;

/**
 * The language that a caller reads best, of those that the product writes in, by `Accept-Language`
 * (RFC 9110). English where the header names none of them.
 */
export function languageOf(acceptLanguage: string | undefined): Language {
  const ranges = (acceptLanguage ?? '')
    .slice(0, maxHeader)
    .split(',')
    .flatMap((range) => {
      const [tag = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
      const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
      const weight = quality === undefined ? 1 : Number(quality);
      const language = languages.find((known) => known === tag.split('-')[0]);
      return language && weight > 0 ? [{ language, weight }] : [];
    });
  return ranges.toSorted((a, b) => b.weight - a.weight)[0]?.language ?? 'en';
}
