import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import * as z from 'zod/mini';
import type { Listener } from '../runtime/http.ts';
import { listOf, recordOf } from '../runtime/json.ts';
import { openStore } from '../runtime/store.ts';
import type { Template } from '../template/template.ts';
import { type AwsCall, AwsError, account, region, serveAws } from './aws.ts';
import type { Identities } from './iam.ts';
import type { EventEnvelope } from './marketplace/state.ts';

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

/**
 * A fault to make SendEmail fail with, for the next `times` calls or until it is changed. `lost_answer`
 * takes the mail and hangs up.
 */
export const MailFault = z.strictObject({
  error: z.nullable(
    z.enum([
      'throttling',
      'daily_quota',
      'rejected',
      'sender_not_verified',
      'account_suspended',
      'sending_paused',
      'internal_error',
      'lost_answer',
    ]),
  ),
  times: z._default(z.nullable(z.int().check(z.positive())), null),
});
export type MailFault = z.infer<typeof MailFault>;

export interface MailOptions {
  readonly dataDir: string;
  readonly identities: Identities;
  /** Addresses and domains that are verified to send from; all where there are none. */
  readonly verified?: readonly string[];
  /** Names of the configuration sets, and whether they tell of mail that comes back; any where absent. */
  readonly configurationSets?: ReadonlyMap<string, boolean>;
  /** The event bus of the account. */
  readonly tell?: (event: EventEnvelope) => Promise<void>;
  readonly onError?: (error: unknown) => void;
}

export interface MailService extends Listener {
  /** All mail, the newest last. */
  mailbox(): readonly Mail[];
  fault(): MailFault;
  setFault(fault: MailFault): void;
}

/**
 * The fake Amazon SES v2: takes `SendEmail` as SES does and keeps the mail for the console. Mail to the
 * addresses of the mailbox simulator comes back as it does there.
 */
export async function startMail(options: MailOptions): Promise<MailService> {
  const store = openStore<{ mails: Mail[] }>(join(options.dataDir, 'mailbox.json'), { mails: [] });
  let fault: MailFault = { error: null, times: null };

  const send = async ({ principal, input }: AwsCall) => {
    const mail = readMail(input);
    const identity = identityOf(addressIn(mail.from), options.verified);
    const set = input.ConfigurationSetName;
    principal.authorize('ses:SendEmail', arn(`identity/${identity}`));
    if (set !== undefined) principal.authorize('ses:SendEmail', arn(`configuration-set/${set}`));
    const failed = fault.error;
    if (failed && failed !== 'lost_answer') throw use(errors[failed]);
    const tells = checkSet(set, options.configurationSets);
    const returned = mail.to.map(simulated);
    // What bounces reaches no mailbox.
    if (!returned.every((what) => what === 'bounce')) {
      store.value.mails.push(mail);
      store.save();
    }
    for (const [index, what] of returned.entries()) {
      if (!what || !tells) continue;
      const event = feedback(what, { ...mail, to: [mail.to[index] ?? ''] }, input, String(set));
      options.tell?.(event).catch((error: unknown) => options.onError?.(error));
    }
    if (failed) throw use(new AwsError('LostAnswer', 'The answer was lost', 500));
    return { MessageId: mail.id };
  };
  const use = (error: AwsError): AwsError => {
    const left = fault.times === null ? null : fault.times - 1;
    fault = left === 0 ? { error: null, times: null } : { ...fault, times: left };
    return error;
  };

  const listener = await serveAws(
    {
      identities: options.identities,
      handle: send,
      ...(options.onError && { onError: options.onError }),
    },
    'application/json',
    ({ method, path }) => {
      if (method === 'POST' && path === '/v2/email/outbound-emails') return 'SendEmail';
      throw new AwsError('UnknownOperationException', 'The local SES only knows SendEmail', 404);
    },
  );
  return {
    ...listener,
    mailbox: () => store.value.mails,
    fault: () => fault,
    setFault: (next) => {
      fault = next;
    },
  };
}

/**
 * What a template sends mail with: the address in its parameter `MailFrom` and the domain of that are
 * verified, and its configuration sets are there.
 */
export function readSenders(
  template: Template,
): Pick<MailOptions, 'verified' | 'configurationSets'> {
  const from = template.parameter('MailFrom')?.toLowerCase();
  const destinations = template.ofType('AWS::SES::ConfigurationSetEventDestination');
  const sets = template
    .ofType('AWS::SES::ConfigurationSet')
    .map(({ ref }): [string, boolean] => [
      ref,
      destinations.some(
        ({ properties }) =>
          properties.ConfigurationSetName === ref &&
          recordOf(recordOf(properties.EventDestination).EventBridgeDestination).EventBusArn !==
            undefined,
      ),
    ]);
  return {
    ...(from && { verified: [from, from.split('@')[1] ?? ''] }),
    ...(sets.length > 0 && { configurationSets: new Map(sets) }),
  };
}

const arn = (resource: string) => `arn:aws:ses:${region}:${account}:${resource}`;

/** https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html#API_SendEmail_Errors */
const errors = {
  throttling: new AwsError('TooManyRequestsException', 'Maximum sending rate exceeded.', 429),
  daily_quota: new AwsError('LimitExceededException', 'Daily message quota exceeded.'),
  rejected: new AwsError('MessageRejected', 'Message failed: it has a virus.'),
  sender_not_verified: new AwsError(
    'MailFromDomainNotVerifiedException',
    'The MAIL FROM domain is not verified.',
  ),
  account_suspended: new AwsError(
    'AccountSuspendedException',
    'Your account is permanently restricted.',
  ),
  sending_paused: new AwsError('SendingPausedException', 'Sending is paused for this account.'),
  internal_error: new AwsError('InternalFailure', 'An internal error occurred.', 500),
} as const;

/** The identity that a sender belongs to: its address, or else its domain. */
function identityOf(address: string, verified: readonly string[] | undefined): string {
  const domain = address.split('@')[1] ?? '';
  const found = [address, domain].find((one) => verified?.includes(one.toLowerCase()));
  if (found === undefined && verified?.length)
    throw new AwsError(
      'MessageRejected',
      `Email address is not verified. The following identities failed the check in region ${region.toUpperCase()}: ${address}`,
    );
  return found ?? address;
}

/** Whether a configuration set tells of what comes back. Throws for one that does not exist. */
function checkSet(name: unknown, sets: MailOptions['configurationSets']): boolean {
  if (name === undefined) return false;
  if (!sets) return true;
  const tells = sets.get(String(name));
  if (tells === undefined)
    throw new AwsError('NotFoundException', `Configuration set <${name}> does not exist.`, 404);
  return tells;
}

const addressIn = (sender: string): string => sender.replace(/^.*<(.*)>$/, '$1');

/** SES takes 50 addressees in a message. */
const maxAddressees = 50;

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
  if (to.length > maxAddressees)
    throw new AwsError('BadRequestException', 'Recipient count exceeds 50.');
  const wrong = [input.FromEmailAddress, ...to].find(
    (address) => !/^[^\s@]+@[^\s@]+$/.test(addressIn(address)),
  );
  if (wrong !== undefined) throw new AwsError('BadRequestException', 'Invalid email address.');
  if (/[\r\n]/.test(subject + input.FromEmailAddress + to.join('')))
    throw new AwsError('BadRequestException', 'A header has a line break.');
  const text = recordOf(body.Text).Data;
  const html = recordOf(body.Html).Data;
  return {
    id: `0100${randomUUID().replaceAll('-', '').slice(0, 12)}-${randomUUID()}-000000`,
    sent_at: new Date().toISOString(),
    from: input.FromEmailAddress,
    to,
    subject,
    text: typeof text === 'string' ? text : null,
    html: typeof html === 'string' ? html : null,
  };
}

/**
 * What comes back from an address of the mailbox simulator, with or without a label.
 * https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html#send-test-email-mailbox-simulator
 */
function simulated(address: string): 'bounce' | 'complaint' | undefined {
  const [, name] =
    /^(\w+)(?:\+[^@]*)?@simulator\.amazonses\.com$/.exec(addressIn(address).toLowerCase()) ?? [];
  if (name === 'bounce' || name === 'suppressionlist') return 'bounce';
  return name === 'complaint' ? 'complaint' : undefined;
}

/**
 * The event of a mail that came back, as SES publishes it to EventBridge.
 * https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-examples.html
 */
function feedback(
  what: 'bounce' | 'complaint',
  { id, from, to, sent_at, subject }: Mail,
  input: Readonly<Record<string, unknown>>,
  set: string,
): EventEnvelope {
  const now = new Date().toISOString();
  const [address = ''] = to.map(addressIn);
  const feedbackId = `0100${randomUUID().replaceAll('-', '').slice(0, 12)}-${randomUUID()}-000000`;
  const tags = listOf(input.EmailTags).map((tag) => {
    const { Name, Value } = recordOf(tag);
    return [String(Name), [String(Value)]] as const;
  });
  const mail = {
    timestamp: sent_at,
    source: from,
    sourceArn: arn(`identity/${addressIn(from).split('@')[1]}`),
    sendingAccountId: account,
    messageId: id,
    destination: [address],
    headersTruncated: false,
    headers: [],
    commonHeaders: { from: [from], to: [address], messageId: id, subject },
    tags: {
      'ses:operation': ['SendEmail'],
      'ses:configuration-set': [set],
      'ses:from-domain': [addressIn(from).split('@')[1] ?? ''],
      ...Object.fromEntries(tags),
    },
  };
  const detail =
    what === 'bounce'
      ? {
          eventType: 'Bounce',
          mail,
          bounce: {
            feedbackId,
            bounceType: 'Permanent',
            bounceSubType: address.startsWith('suppressionlist') ? 'Suppressed' : 'General',
            bouncedRecipients: [
              {
                emailAddress: address,
                action: 'failed',
                status: '5.1.1',
                diagnosticCode: 'smtp; 550 5.1.1 user unknown',
              },
            ],
            timestamp: now,
            reportingMTA: 'dns; a8-70.smtp-out.amazonses.com',
          },
        }
      : {
          eventType: 'Complaint',
          mail,
          complaint: {
            feedbackId,
            complaintSubType: null,
            complainedRecipients: [{ emailAddress: address }],
            timestamp: now,
            userAgent: 'Amazon SES Mailbox Simulator',
            complaintFeedbackType: 'abuse',
            arrivalDate: now,
          },
        };
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': what === 'bounce' ? 'Email Bounced' : 'Email Complaint Received',
    source: 'aws.ses',
    account,
    time: now,
    region,
    resources: [arn(`configuration-set/${set}`)],
    detail,
  };
}
