import { describe, expect, it } from 'vitest';
import { languages, type MailWords } from '../../../shared/contract/mails.ts';
import { mailKinds } from '../../../shared/contract/registry.ts';
import { frames } from '../../../shared/mail/frame.ts';
import { sentKinds } from '../../../shared/mail/kinds.ts';
import { renderMail } from '../../../shared/mail/render.ts';

const kinds = [...mailKinds.values()];
const texts = ({ subject, paragraphs, button }: MailWords) => [
  subject,
  ...paragraphs,
  ...(button === undefined ? [] : [button]),
];
const namesIn = (words: MailWords) =>
  [...new Set(texts(words).flatMap((text) => text.match(/\{\w+\}/g) ?? []))].sort();
const scripts = { en: /^[\p{ASCII}]+$/u, es: /[áéíóúñ]/u, ru: /\p{Script=Cyrillic}/u } as const;

describe('mail', () => {
  it('that areas have is known to the function that sends it', () => {
    expect(sentKinds.map(({ kind }) => kind.id).toSorted()).toEqual([...mailKinds.keys()].sort());
    expect(kinds.length).toBeGreaterThan(5);
  });

  it.each(kinds.map((kind) => [kind.id, kind] as const))('%s has all its words', (id, kind) => {
    expect(id).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(Object.keys(kind.words).toSorted()).toEqual([...languages].sort());
    const known = new Set(['product', 'company', ...Object.keys(kind.params)]);
    for (const language of languages) {
      const words = kind.words[language];
      for (const text of texts(words)) expect(text.trim(), language).toMatch(/\S{2}/);
      expect(words.paragraphs).toHaveLength(kind.words.en.paragraphs.length);
      expect(words.button === undefined, 'a button and where it leads').toBe(!kind.action);
      expect(namesIn(words)).toEqual(namesIn(kind.words.en));
      for (const name of namesIn(words)) expect(known).toContain(name.slice(1, -1));
      expect(texts(words).join(' ')).toMatch(scripts[language]);
    }
  });

  it.each(kinds.flatMap((kind) => languages.map((language) => [kind.id, language, kind] as const)))(
    '%s in %s is whole, in text and HTML, and asks no server for anything',
    (_, language, kind) => {
      const values = Object.entries(kind.params).map(([name, what]) => [
        name,
        what === 'date' ? '2026-12-04T00:00:00.000Z' : what === 'number' ? 7 : 'word',
      ]);
      const { subject, text, html } = renderMail(kind, {
        language,
        params: Object.fromEntries(values),
        product: 'Acme Front Desk',
        company: 'Example Ltd',
        publicUrl: 'https://app.example.com',
      });

      for (const part of [subject, text, html]) {
        expect(part).not.toMatch(/[{}]|undefined|null|NaN|Invalid/);
        expect(part).not.toContain('Tenantry');
      }
      expect(html).toContain(`<html lang="${language}">`);
      expect(html).not.toMatch(/<(img|script|link|iframe|form|object)|url\(|src=|@import/i);
      const links = [...html.matchAll(/(?:href)="([^"]*)"/g)].map(([, link]) => link);
      expect(links).toEqual(kind.action ? [`https://app.example.com${kind.action}`] : []);
      for (const paragraph of kind.words[language].paragraphs.filter(
        (one) => !/[{&<>"']/.test(one),
      )) {
        expect(text).toContain(paragraph);
        expect(html).toContain(paragraph);
      }
      expect(text).toContain(frames[language].greeting);
    },
  );

  it('has a name only once: the registry refuses another', async () => {
    const { features } = await import('../../../shared/features.ts');
    const names = features.flatMap(({ mails = [] }) => mails.map(({ id }) => id));
    expect(new Set(names).size).toBe(names.length);
  });
});
