import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Listener } from '../runtime/http.ts';
import { listOf, recordOf } from '../runtime/json.ts';
import { openStore } from '../runtime/store.ts';
import { AwsError, account, region, serveAws } from './aws.ts';
import type { Identities } from './iam.ts';

/** A message as its addressee would find it. */
export interface Mail {
  readonly id: string;
  readonly sent_at: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string | null;
  readonly html: string | null;
}

export interface MailService extends Listener {
  /** All mail, the newest last. */
  mailbox(): readonly Mail[];
}

/** The fake Amazon SES v2: takes `SendEmail` and keeps the mail for the console. */
export async function startMail(options: {
  readonly dataDir: string;
  readonly identities: Identities;
  readonly onError?: (error: unknown) => void;
}): Promise<MailService> {
  const store = openStore<{ mails: Mail[] }>(join(options.dataDir, 'mailbox.json'), { mails: [] });
  const listener = await serveAws(
    {
      identities: options.identities,
      handle: async ({ principal, input }) => {
        const mail = readMail(input);
        principal.authorize(
          'ses:SendEmail',
          `arn:aws:ses:${region}:${account}:identity/${mail.from.replace(/^.*<(.*)>$/, '$1')}`,
        );
        store.value.mails.push(mail);
        store.save();
        return { MessageId: mail.id };
      },
      ...(options.onError && { onError: options.onError }),
    },
    'application/json',
    ({ method, path }) => {
      if (method === 'POST' && path === '/v2/email/outbound-emails') return 'SendEmail';
      throw new AwsError('UnknownOperationException', 'The local SES only knows SendEmail', 404);
    },
  );
  return { ...listener, mailbox: () => store.value.mails };
}

function readMail(input: Readonly<Record<string, unknown>>): Mail {
  const destination = recordOf(input.Destination);
  const simple = recordOf(recordOf(input.Content).Simple);
  const body = recordOf(simple.Body);
  const to = ['ToAddresses', 'CcAddresses', 'BccAddresses'].flatMap((list) =>
    listOf(destination[list]).map(String),
  );
  const subject = recordOf(simple.Subject).Data;
  if (
    typeof input.FromEmailAddress !== 'string' ||
    to.length === 0 ||
    typeof subject !== 'string'
  ) {
    throw new AwsError(
      'BadRequestException',
      'The local SES only knows simple messages with a sender, addressees and a subject',
    );
  }
  const text = recordOf(body.Text).Data;
  const html = recordOf(body.Html).Data;
  return {
    id: randomUUID(),
    sent_at: new Date().toISOString(),
    from: input.FromEmailAddress,
    to,
    subject,
    text: typeof text === 'string' ? text : null,
    html: typeof html === 'string' ? html : null,
  };
}
