import { describe, expect, it } from 'vitest';
import { onlyResource, resourcesOf, synthesize } from '../templates.ts';

const { api } = synthesize({ stage: 'prod' });

describe('mail in the templates', () => {
  it('tells of what comes back on the event bus, from where the function hears of it', () => {
    const [[set] = []] = resourcesOf(api, 'AWS::SES::ConfigurationSet');
    const destination = onlyResource(api, 'AWS::SES::ConfigurationSetEventDestination');
    expect(destination.Properties).toMatchObject({
      ConfigurationSetName: { Ref: set },
      EventDestination: { Enabled: true, MatchingEventTypes: ['bounce', 'complaint'] },
    });
    expect(JSON.stringify(destination.Properties)).toContain('event-bus/default');

    const rules = resourcesOf(api, 'AWS::Events::Rule').map(([, { Properties }]) => Properties);
    expect(
      rules.filter(({ EventPattern }) => EventPattern?.source?.[0] === 'aws.ses'),
    ).toHaveLength(1);
    for (const id of ['MailSend', 'MailTakeFeedback'])
      expect(api.Resources[id]?.Properties.Environment.Variables.MAIL_CONFIGURATION_SET).toEqual({
        Ref: set,
      });
  });

  it('lets AWS keep from addresses that refuse mail, and the product from those that complained', () => {
    const set = onlyResource(api, 'AWS::SES::ConfigurationSet');
    expect(set.Properties.SuppressionOptions).toEqual({ SuppressedReasons: ['BOUNCE'] });
    expect(set.Properties.DeliveryOptions).toEqual({ TlsPolicy: 'REQUIRE' });
  });

  it('is sent by one function, in the name of the sender alone', () => {
    const senders = resourcesOf(api, 'AWS::IAM::Role').filter(([, role]) =>
      JSON.stringify(role).includes('ses:SendEmail'),
    );
    expect(senders.map(([id]) => id.replace(/[0-9A-F]{8}$/, ''))).toEqual(['MailSendRole']);
    expect(JSON.stringify(senders)).not.toContain('identity/*');
  });

  it('is off by default, says so, and has links where it is on in prod', () => {
    const parameters = api.Parameters ?? {};
    expect(parameters.MailFrom?.Default).toBe('');
    const takes = (name: string, value: string) =>
      new RegExp(`^(?:${parameters[name]?.AllowedPattern})$`).test(value);
    for (const address of ['no-reply@example.com', ''])
      expect(takes('MailFrom', address)).toBe(true);
    for (const address of ['example.com', 'Name <a@example.com>', 'a@b c', 'a@b\nBcc: c@d'])
      expect(takes('MailFrom', address), address).toBe(false);
    for (const url of ['https://app.example.com', 'https://app.example.com:8443', ''])
      expect(takes('PublicUrl', url)).toBe(true);
    for (const url of [
      'http://app.example.com',
      'https://app.example.com/x',
      'javascript:alert(1)',
    ])
      expect(takes('PublicUrl', url), url).toBe(false);
    for (const name of ['', '"Evil"', 'A\r\nBcc: x']) expect(takes('MailName', name)).toBe(false);
    expect(JSON.stringify(api.Rules)).toContain('Mail needs PublicUrl');
    expect(JSON.stringify(api.Outputs)).toContain('MailFrom is empty, and no mail is sent');
  });

  it('has alarms at the rates that AWS names', () => {
    const thresholds = Object.fromEntries(
      resourcesOf(api, 'AWS::CloudWatch::Alarm').map(([id, { Properties }]) => [
        id.replace(/[0-9A-F]{8}$/, ''),
        Properties.Threshold,
      ]),
    );
    expect(thresholds).toMatchObject(
      Object.fromEntries(
        Object.keys(thresholds)
          .filter((id) => /Mail(Bounce|Complaint)Rate$/.test(id))
          .map((id) => [id, id.includes('Bounce') ? 5 : 0.1]),
      ),
    );
    expect(Object.keys(thresholds).filter((id) => /Mail\w+Rate$/.test(id))).toHaveLength(2);
  });
});
