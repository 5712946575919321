import { BadRequestException, SESv2Client, SendEmailCommand } from '@aws-sdk/client-sesv2';
import { requireEnv } from '../runtime/config.ts';
import { once } from '../runtime/once.ts';
import type { RenderedMail } from './render.ts';

/** One attempt: a lost answer is not followed by a second mail at once, and the outbox tries again. */
const client = once(
  () =>
    new SESv2Client({
      maxAttempts: 1,
      requestHandler: {
        connectionTimeout: 2000,
        requestTimeout: 5000,
        throwOnRequestTimeout: true,
      },
    }),
);

export interface Envelope {
  /** Address of an identity in SES. */
  readonly from: string;
  /** ASCII without quotes. */
  readonly name: string;
  readonly to: string;
  readonly replyTo: string;
  /** Kind of the mail, for figures in SES. */
  readonly kind: string;
}

/**
 * Sends a mail. Returns the name of the error where SES does not take it, never its message, which holds
 * addresses; `isFinal` where it never will.
 */
export async function sendBySes(
  { from, name, to, replyTo, kind }: Envelope,
  { subject, text, html }: RenderedMail,
): Promise<{ error?: never } | { error: string; isFinal: boolean }> {
  try {
    await client().send(
      new SendEmailCommand({
        FromEmailAddress: `"${name}" <${from}>`,
        Destination: { ToAddresses: [to] },
        ReplyToAddresses: [replyTo],
        ConfigurationSetName: requireEnv('MAIL_CONFIGURATION_SET'),
        EmailTags: [{ Name: 'kind', Value: kind }],
        Content: {
          Simple: {
            Subject: { Data: subject, Charset: 'UTF-8' },
            Body: {
              Text: { Data: text, Charset: 'UTF-8' },
              Html: { Data: html, Charset: 'UTF-8' },
            },
            Headers: [{ Name: 'Auto-Submitted', Value: 'auto-generated' }],
          },
        },
      }),
    );
    return {};
  } catch (error) {
    const isFinal = error instanceof BadRequestException;
    return { error: error instanceof Error ? error.name : 'unknown', isFinal };
  }
}
