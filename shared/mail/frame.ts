import type { Language } from '../contract/mails.ts';

/** What mails of a language have in common. */
interface Frame {
  /** In place of the name of a tenant that has none. */
  readonly unnamed: string;
  readonly greeting: string;
  /** Before the address that the button leads to. */
  readonly orOpen: string;
  readonly reason: string;
}

export const frames: Readonly<Record<Language, Frame>> = {
  en: {
    unnamed: 'your company',
    greeting: 'Hello,',
    orOpen: 'Or open this address:',
    reason:
      'You get this mail because this address belongs to an account of {product}. Answers reach our support.',
  },
  es: {
    unnamed: 'su empresa',
    greeting: 'Hola:',
    orOpen: 'O abra esta dirección:',
    reason:
      'Recibe este correo porque esta dirección pertenece a una cuenta de {product}. Las respuestas llegan a nuestro servicio de atención.',
  },
  ru: {
    unnamed: 'вашей компании',
    greeting: 'Здравствуйте!',
    orOpen: 'Или откройте этот адрес:',
    reason:
      'Вы получили это письмо, потому что этот адрес принадлежит учётной записи {product}. Ответы попадают в нашу службу поддержки.',
  },
};
