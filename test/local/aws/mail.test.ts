import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SESv2Client, SendEmailCommand } from '@aws-sdk/client-sesv2';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { MailFault } from '../../../local/aws/mail.ts';
import { stableId } from '../../../local/aws/resource-types.ts';
import { useMiniCloud } from '../mini-cloud.ts';

const mini = useMiniCloud({}, (resources) => {
  Object.assign(resources, {
    Set: { Type: 'AWS::SES::ConfigurationSet', Properties: {} },
    Feedback: {
      Type: 'AWS::SES::ConfigurationSetEventDestination',
      Properties: {
        ConfigurationSetName: { Ref: 'Set' },
        EventDestination: {
          MatchingEventTypes: ['bounce', 'complaint'],
          EventBridgeDestination: { EventBusArn: 'arn:aws:events:us-east-1:1:event-bus/default' },
        },
      },
    },
    Returned: { Type: 'AWS::SQS::Queue', Properties: {} },
    Hear: {
      Type: 'AWS::Events::Rule',
      Properties: {
        EventPattern: { source: ['aws.ses'] },
        Targets: [{ Id: 'Returned', Arn: { 'Fn::GetAtt': ['Returned', 'Arn'] } }],
      },
    },
  });
});

let ses: SESv2Client;
beforeAll(() => {
  ses = new SESv2Client({
    endpoint: mini.cloud.endpoints.ses,
    region: 'us-east-1',
    maxAttempts: 1,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
});
afterEach(() => mini.cloud.mail.setFault(MailFault.parse({ error: null })));
afterAll(() => ses.destroy());

const set = () => nameOf('Set');
/** The template gives its sets no name: CloudFormation makes one up. */
const nameOf = (logicalId: string) => `Mini-${logicalId}-${stableId(`Mini-${logicalId}`, 12)}`;

const send = (
  to: string,
  { subject = 'Hello', from = 'a@example.com', configurationSet = set() } = {},
) =>
  ses.send(
    new SendEmailCommand({
      FromEmailAddress: from,
      Destination: { ToAddresses: [to] },
      ConfigurationSetName: configurationSet,
      EmailTags: [{ Name: 'kind', Value: 'welcome' }],
      Content: {
        Simple: {
          Subject: { Data: subject },
          Body: { Text: { Data: 'text' }, Html: { Data: '<p>' } },
        },
      },
    }),
  );

const returned = async () => {
  const response = await fetch(mini.cloud.endpoints.sqs, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'AmazonSQS.ReceiveMessage',
      authorization: 'AWS4-HMAC-SHA256 Credential=local/x',
    },
    body: JSON.stringify({
      QueueUrl: 'https://sqs.us-east-1.amazonaws.com/000000000000/Mini-Returned',
      WaitTimeSeconds: 5,
      MaxNumberOfMessages: 1,
    }),
  });
  const { Messages = [] } = (await response.json()) as { Messages?: { Body: string }[] };
  return Messages.map(({ Body }) => JSON.parse(Body));
};

describe('Amazon SES', () => {
  it('puts mail into the mailbox, as its addressee finds it', async () => {
    const { MessageId } = await send('reader@example.com');

    expect(MessageId).toMatch(/^0100[0-9a-f]{12}-[0-9a-f-]{36}-000000$/);
    expect(mini.cloud.mail.mailbox().at(-1)).toEqual({
      id: MessageId,
      sent_at: expect.any(String),
      from: 'a@example.com',
      to: ['reader@example.com'],
      subject: 'Hello',
      text: 'text',
      html: '<p>',
    });
  });

  it('tells of mail that bounces, which reaches no mailbox', async () => {
    const before = mini.cloud.mail.mailbox().length;
    const { MessageId } = await send('bounce+label@simulator.amazonses.com');

    expect(await returned()).toMatchObject([
      {
        version: '0',
        source: 'aws.ses',
        'detail-type': 'Email Bounced',
        detail: {
          eventType: 'Bounce',
          mail: {
            messageId: MessageId,
            destination: ['bounce+label@simulator.amazonses.com'],
            tags: { 'ses:configuration-set': [set()], kind: ['welcome'] },
          },
          bounce: {
            bounceType: 'Permanent',
            bounceSubType: 'General',
            bouncedRecipients: [{ emailAddress: 'bounce+label@simulator.amazonses.com' }],
          },
        },
      },
    ]);
    expect(mini.cloud.mail.mailbox()).toHaveLength(before);
  });

  it('tells of complaints, about mail that arrived', async () => {
    await send('complaint@simulator.amazonses.com');

    expect(await returned()).toMatchObject([
      {
        'detail-type': 'Email Complaint Received',
        detail: { complaint: { complaintFeedbackType: 'abuse' } },
      },
    ]);
    expect(mini.cloud.mail.mailbox().at(-1)?.to).toEqual(['complaint@simulator.amazonses.com']);
  });

  it.each([
    ['throttling', 'TooManyRequestsException', 429],
    ['daily_quota', 'LimitExceededException', 400],
    ['rejected', 'MessageRejected', 400],
    ['sender_not_verified', 'MailFromDomainNotVerifiedException', 400],
    ['account_suspended', 'AccountSuspendedException', 400],
    ['sending_paused', 'SendingPausedException', 400],
  ] as const)('answers as SES does when told to: %s', async (error, name, status) => {
    const before = mini.cloud.mail.mailbox().length;
    mini.cloud.mail.setFault(MailFault.parse({ error, times: 1 }));

    await expect(send('reader@example.com')).rejects.toMatchObject({
      name,
      $metadata: { httpStatusCode: status },
    });
    expect(mini.cloud.mail.mailbox()).toHaveLength(before);
    await send('reader@example.com');
    expect(mini.cloud.mail.mailbox()).toHaveLength(before + 1);
  });

  it('refuses what SES refuses', async () => {
    await expect(send('reader@example.com', { configurationSet: 'other' })).rejects.toMatchObject({
      name: 'NotFoundException',
      message: 'Configuration set <other> does not exist.',
    });
    await expect(send('no address')).rejects.toMatchObject({ name: 'BadRequestException' });
    await expect(
      send('reader@example.com', { subject: 'a\r\nBcc: b@example.com' }),
    ).rejects.toMatchObject({ name: 'BadRequestException' });
  });
});

describe('an unverified sender', () => {
  it('is refused as SES does, where the template says who sends', async () => {
    const { startMail } = await import('../../../local/aws/mail.ts');
    const anyone = { arn: 'test', authorize: () => {} };
    const mail = await startMail({
      dataDir: mkdtempSync(join(tmpdir(), 'tenantry-')),
      identities: { principalOf: () => anyone } as never,
      verified: ['example.com'],
    });
    const client = new SESv2Client({
      endpoint: mail.url,
      region: 'us-east-1',
      maxAttempts: 1,
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    });
    const from = (sender: string) =>
      client.send(
        new SendEmailCommand({
          FromEmailAddress: sender,
          Destination: { ToAddresses: ['reader@example.com'] },
          Content: { Simple: { Subject: { Data: 'a' }, Body: { Text: { Data: 'b' } } } },
        }),
      );

    await expect(from('"Name" <a@example.com>')).resolves.toBeDefined();
    await expect(from('a@elsewhere.example')).rejects.toMatchObject({
      name: 'MessageRejected',
      message:
        'Email address is not verified. The following identities failed the check in region US-EAST-1: a@elsewhere.example',
    });
    client.destroy();
    await mail.stop();
  });
});

describe('the mailbox of the console', () => {
  it('shows HTML in a page that may do nothing, and lets SES fail', async () => {
    const { MessageId } = await send('reader@example.com');

    const page = await mini.get(`/_local/mailbox/${MessageId}/html`);
    expect(await page.text()).toBe('<p>');
    const policy = page.headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain('sandbox');
    expect(policy).not.toContain('script');
    expect((await mini.get('/_local/mailbox/none/html')).status).toBe(404);

    const put = await fetch(`${mini.cloud.url}/_local/mailbox/faults`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ error: 'throttling', times: 1 }),
    });
    expect(put.status).toBe(200);
    await expect(send('reader@example.com')).rejects.toMatchObject({
      name: 'TooManyRequestsException',
    });
    expect(await (await mini.get('/_local/mailbox/faults')).json()).toEqual({
      error: null,
      times: null,
    });
  });
});
