/** The languages that the product writes to people in; the first one is for all others. */
export const languages = ['en', 'es', 'ru'] as const;
export type Language = (typeof languages)[number];

/** What a value of a mail is: `date` is RFC 3339 and is written as a day of the addressee's language. */
export type MailValue = 'text' | 'number' | 'date';
export type MailParams = Readonly<Record<string, MailValue>>;

/** The values of a mail, in the types of its kind. */
export type MailValuesOf<P extends MailParams> = {
  readonly [K in keyof P]: P[K] extends 'number' ? number : string;
};

/**
 * A mail in one language, from which text and HTML are made. `{name}` stands for a value of the
 * mail, `{product}` for what the deployment is called and `{company}` for the name of the tenant.
 */
export interface MailWords {
  readonly subject: string;
  readonly paragraphs: readonly string[];
  /** On the button, of mails that have one. */
  readonly button?: string;
}

/** A mail that the product sends. */
export interface MailKind<P extends MailParams = MailParams> {
  readonly id: string;
  /** When it is sent, and to whom. */
  readonly description: string;
  /** `security` is also sent to who complained about other mail. */
  readonly about: 'service' | 'security';
  readonly params: P;
  /** Where the button leads: a path of the web app. */
  readonly action?: `/${string}`;
  readonly words: Readonly<Record<Language, MailWords>>;
}

/** Declares a mail. Functions that do not send mail have it without its words. */
export const defineMail = <const P extends MailParams>(kind: MailKind<P>): MailKind<P> => kind;
