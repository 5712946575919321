import type { Language, MailKind, MailValue } from '../contract/mails.ts';
import { frames } from './frame.ts';

/** What a mail is made of, beside its kind. */
export interface MailContent {
  readonly language: Language;
  readonly params: Readonly<Record<string, string | number>>;
  /** What the deployment is called. */
  readonly product: string;
  /** The name of the tenant, as its owner typed it. */
  readonly company: string | null;
  /** Where the web app is; empty for mail without links. */
  readonly publicUrl: string;
}

/** A mail as its addressee reads it. */
export interface RenderedMail {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/**
 * Makes a mail: text and HTML from one description. It has no images and asks no server for anything;
 * every value is one line of text, escaped in HTML, and its only link is below `publicUrl`.
 */
export function renderMail(kind: MailKind, content: MailContent): RenderedMail {
  const { language, publicUrl } = content;
  const words = kind.words[language];
  const frame = frames[language];
  const fill = (text: string) => filled(text, valuesOf(kind, content));
  const url = kind.action && publicUrl ? new URL(kind.action, publicUrl).href : undefined;
  const button = url && words.button ? { url, label: fill(words.button) } : undefined;
  const paragraphs = [frame.greeting, ...words.paragraphs].map(fill);
  const reason = fill(frame.reason);
  const subject = fill(words.subject);
  return {
    subject,
    text: [
      ...paragraphs,
      ...(button ? [`${button.label}: ${button.url}`] : []),
      `-- \n${reason}`,
      '',
    ].join('\n\n'),
    html: htmlOf({ language, subject, paragraphs, button, orOpen: frame.orOpen, reason }),
  };
}

type Values = Readonly<Record<string, string>>;

function valuesOf({ params: kinds }: MailKind, content: MailContent): Values {
  const { language, params, product, company } = content;
  const own = Object.entries(kinds).map(([name, kind]) => [
    name,
    written(kind, params[name] ?? '', language),
  ]);
  return {
    ...Object.fromEntries(own),
    product,
    company: company === null ? frames[language].unnamed : typed(company),
  };
}

function written(kind: MailValue, value: string | number, language: Language): string {
  if (kind === 'text') return typed(String(value));
  if (kind === 'number') return new Intl.NumberFormat(language).format(Number(value));
  return new Intl.DateTimeFormat(language, { dateStyle: 'long', timeZone: 'UTC' }).format(
    new Date(value),
  );
}

const maxTyped = 80;
const wordJoiner = '\u2060';

/**
 * What a person typed, for mail that reaches others: one line, not longer than a name, and nothing that a
 * mail reader would make a link of. Whoever signs up with the address of another must not get to write
 * to them.
 */
export function typed(value: string): string {
  const line = value.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  const characters = [...line];
  const cut = characters.length > maxTyped ? `${characters.slice(0, maxTyped).join('')}…` : line;
  return cut.replace(/[.:/@](?=\S)/gu, (mark) => mark + wordJoiner);
}

/** Fills in values once: what a value holds is not looked at again. */
const filled = (text: string, values: Values): string =>
  text.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '');

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => entities[character] ?? '');

interface Parts {
  readonly language: Language;
  readonly subject: string;
  readonly paragraphs: readonly string[];
  readonly button: { readonly url: string; readonly label: string } | undefined;
  readonly orOpen: string;
  readonly reason: string;
}

function htmlOf({ language, subject, paragraphs, button, orOpen, reason }: Parts): string {
  const paragraph = (text: string) => `<p style="margin:0 0 16px">${escaped(text)}</p>`;
  return [
    '<!doctype html>',
    `<html lang="${language}">`,
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escaped(subject)}</title>`,
    '</head>',
    '<body style="margin:0;padding:24px;background:#ffffff;color:#1b1f24;font:16px/1.5 system-ui,-apple-system,Segoe UI,Roboto,Arial,sans-serif">',
    '<div style="max-width:560px;margin:0 auto">',
    ...paragraphs.map(paragraph),
    ...(button
      ? [
          `<p style="margin:0 0 16px"><a href="${escaped(button.url)}" style="display:inline-block;padding:12px 20px;border-radius:6px;background:#0b5cad;color:#ffffff;text-decoration:none;font-weight:600">${escaped(button.label)}</a></p>`,
          `<p style="margin:0 0 16px;font-size:14px;color:#57606a">${escaped(orOpen)}<br>${escaped(button.url)}</p>`,
        ]
      : []),
    `<p style="margin:24px 0 0;padding-top:16px;border-top:1px solid #d0d7de;font-size:13px;color:#57606a">${escaped(reason)}</p>`,
    '</div>',
    '</body>',
    '</html>',
    '',
  ].join('\n');
}
