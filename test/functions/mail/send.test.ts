import { randomUUID } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { pretendBcrypt } from '../../../harness/bcrypt.ts';
import { day, hour, minute, travel, travelTo } from '../../../harness/clock.ts';
import { allItems } from '../../../harness/items.ts';
import { usePost } from '../../../harness/mail/mail.ts';
import { logLines, outputOf } from '../../../harness/output.ts';
import { claimsOf, randomAddress, type TokenBody, useWorld } from '../../../harness/world.ts';

const world = useWorld();
const post = usePost(world);
beforeAll(() => pretendBcrypt('not needed here'));
beforeEach(() => {
  post.fail(null);
  world.queuedMail.splice(0);
  post.told.splice(0);
});

async function signUp(options: { email?: string; company?: string; language?: string } = {}) {
  const email = options.email ?? `${randomUUID()}@example.com`;
  const { status, body } = await world.send<TokenBody>('POST', '/api/v1/auth/register', {
    body: {
      email,
      password: 'correct horse battery',
      company_name: options.company ?? 'Example Ltd',
    },
    ...(options.language && { headers: { 'Accept-Language': options.language } }),
    address: randomAddress(),
  });
  expect(status).toBe(201);
  return { email, ...claimsOf(body.access_token) };
}

const outboxOf = async (tenantId: string) =>
  (await allItems()).filter(({ pk }) => pk === `TENANT#${tenantId}#MAIL`);

describe('a new account', () => {
  it('gets one mail with what to do next, however often its message comes', async () => {
    const { email, tenantId } = await signUp();
    const queued = post.queued();
    expect(queued).toEqual([{ tenant_id: tenantId, mail_id: 'welcome', delaySeconds: 0 }]);
    const message = { tenant_id: tenantId, mail_id: 'welcome' };

    await post.take('mail/send', [message, message, message]);
    await post.take('mail/send', [message]);
    travel(day);
    await post.take('mail/send', [message]);
    await post.sweep();
    await post.deliver();

    expect(post.of(email)).toMatchObject([
      {
        from: '"Tenantry" <no-reply@tenantry.example>',
        to: [email],
        subject: 'Welcome to Tenantry',
        text: expect.stringContaining('Sign in: http://localhost:3000/\n'),
      },
    ]);
    expect(await outboxOf(tenantId)).toMatchObject([{ status: 'sent', attempts: 1 }]);
    expect((await outboxOf(tenantId))[0]).not.toHaveProperty('series_pk');
  });

  it('has nothing in its outbox and message but ids, and no address anywhere in the log', async () => {
    const email = `canary-${randomUUID()}@example.com`;
    const company = `Canary ${randomUUID()}`;
    post.fail('internal_error', 1);
    const output = await outputOf(async () => {
      const { tenantId } = await signUp({ email, company });
      expect(JSON.stringify(await outboxOf(tenantId))).not.toMatch(/canary/i);
      expect(JSON.stringify(world.queuedMail)).not.toMatch(/canary/i);
      await post.deliver();
      travel(5 * minute);
      await post.deliver();
    });

    expect(post.of(email)).toHaveLength(1);
    expect(output).not.toContain(email);
    expect(output).not.toContain(company);
    expect(output).not.toContain('Welcome');
    expect(logLines(output).filter(({ message }) => message === 'mail_done')).toHaveLength(1);
  });

  it.each([
    ['ru-RU,ru;q=0.9,en;q=0.8', 'Добро пожаловать в Tenantry'],
    ['fr-FR, es;q=0.5, en;q=0.4', 'Le damos la bienvenida a Tenantry'],
    ['de, fr;q=0.3', 'Welcome to Tenantry'],
    ['ru;q=0, en', 'Welcome to Tenantry'],
    [`${'x'.repeat(10_000)},ru`, 'Welcome to Tenantry'],
  ])('is written to in the language that %s asks for', async (language, subject) => {
    const { email } = await signUp({ language });

    await post.deliver();

    expect(post.of(email)).toMatchObject([{ subject }]);
  });

  it('is found by the sweep when its message was lost', async () => {
    const { email } = await signUp();
    post.queued();
    travel(4 * minute);
    await post.sweep();
    expect(post.queued()).toEqual([]);

    travel(2 * minute);
    await post.sweep();
    await post.deliver();

    expect(post.of(email)).toHaveLength(1);
  });
});

describe('what a stranger types', () => {
  it('is text in HTML, one line everywhere, and no link', async () => {
    const company = `<img src=x onerror=alert(1)>"&' see https://evil.example.com/a or mail@evil.example`;
    const { email } = await signUp({ company });

    await post.deliver();

    const [mail] = post.of(email);
    expect(mail?.html).toContain('&lt;img src=x onerror=alert(1)&gt;&quot;&amp;&#39; see');
    expect(mail?.html).not.toContain('<img');
    for (const part of [mail?.html, mail?.text]) {
      expect(part).not.toContain('https://evil');
      expect(part).not.toContain('evil.example');
    }
    expect(mail?.html?.match(/href="[^"]*"/g)).toEqual(['href="http://localhost:3000/"']);
  });

  it('breaks no header, whatever got into the table', async () => {
    const { renderMail } = await import('../../../shared/mail/render.ts');
    const { defineMail } = await import('../../../shared/contract/mails.ts');
    const words = { subject: 'About {company} and {what}', paragraphs: ['{company}', '{what}'] };
    const kind = defineMail({
      id: 'test',
      description: '',
      about: 'service',
      params: { what: 'text' },
      words: { en: words, es: words, ru: words },
    });
    const hostile = 'A\r\nBcc: victim@example.com\u2028\u202e{product}\u0000';

    const { subject, text } = renderMail(kind, {
      language: 'en',
      params: { what: hostile.repeat(20) },
      product: 'Tenantry',
      company: hostile,
      publicUrl: 'https://app.example.com',
    });

    expect(subject).not.toMatch(/[\p{Cc}\u2028\u202e]/u);
    expect(subject).toContain('{product}');
    expect(subject.length).toBeLessThan(300);
    expect(text).not.toContain('\r');
    expect(text).not.toContain('victim@example.com');
  });
});

describe('SES', () => {
  it.each(['throttling', 'daily_quota', 'rejected', 'sending_paused', 'internal_error'] as const)(
    'that answers %s is asked again later, with growing pauses',
    async (error) => {
      const { email, tenantId } = await signUp();
      post.fail(error, 2);

      await post.deliver();
      const [second] = post.queued();
      expect(second).toMatchObject({ mail_id: 'welcome', delaySeconds: 60 });
      travel(minute);
      await post.take('mail/send', [{ tenant_id: tenantId, mail_id: 'welcome' }]);
      expect(post.queued()).toMatchObject([{ delaySeconds: 120 }]);
      travel(2 * minute);
      await post.take('mail/send', [{ tenant_id: tenantId, mail_id: 'welcome' }]);

      expect(post.of(email)).toHaveLength(1);
      expect(await outboxOf(tenantId)).toMatchObject([{ status: 'sent', attempts: 3 }]);
    },
  );

  it('that never takes a mail is given up after ten attempts, and that is counted', async () => {
    const { tenantId } = await signUp();
    post.fail('account_suspended');

    const output = await outputOf(async () => {
      for (let run = 0; run < 200; run += 1) {
        await post.deliver();
        travel(5 * minute);
        await post.sweep();
      }
    });

    expect(await outboxOf(tenantId)).toMatchObject([{ status: 'failed', attempts: 10 }]);
    const failed = logLines(output).filter(({ outcome }) => outcome === 'failed');
    expect(failed).toMatchObject([{ Mails: 1 }]);
    post.fail(null);
    travel(day);
    await post.sweep();
    expect(post.queued()).toEqual([]);
  });

  it('whose answer is lost gets the mail once more, which is all that can be done twice', async () => {
    const { email, tenantId } = await signUp();
    post.fail('lost_answer', 1);

    await post.deliver();
    travel(2 * minute);
    await post.deliver();

    expect(post.of(email)).toHaveLength(2);
    expect(await outboxOf(tenantId)).toMatchObject([{ status: 'sent' }]);
  });
});

describe('an attempt that stops', () => {
  /** Writes of one attempt, in order: the claim, the mark of the addressee, the end. */
  const steps = ['claim', 'mark', 'end'] as const;

  it.each(steps)(
    'at the %s is made up for, and repeats a mail only after the mark was lost',
    async (step) => {
      const { email, tenantId } = await signUp();
      post.queued();
      const message = { tenant_id: tenantId, mail_id: 'welcome' };
      const { DynamoDBDocumentClient } = await import('@aws-sdk/lib-dynamodb');
      const { send } = DynamoDBDocumentClient.prototype;
      let left = steps.indexOf(step);
      const spy = vi.spyOn(DynamoDBDocumentClient.prototype, 'send').mockImplementation(function (
        this: object,
        ...sent: unknown[]
      ) {
        const [command] = sent as [{ constructor: { name: string } }];
        if (command.constructor.name === 'UpdateCommand') {
          if (left === 0) throw new Error('The process is gone');
          left -= 1;
        }
        return Reflect.apply(send, this, sent);
      } as never);

      const { batchItemFailures } = await post.take('mail/send', [message]);
      spy.mockRestore();
      expect(batchItemFailures).toHaveLength(1);
      // The claim of the one that stopped holds: another message does nothing yet.
      if (step !== 'claim') await post.take('mail/send', [message]);
      expect(post.of(email)).toHaveLength(step === 'claim' ? 0 : 1);

      travel(3 * minute);
      await post.take('mail/send', [message]);

      expect(post.of(email)).toHaveLength(step === 'mark' ? 2 : 1);
      expect(await outboxOf(tenantId)).toMatchObject([{ status: 'sent' }]);
    },
  );

  it('works beside another: one of two claims the mail', async () => {
    const { email, tenantId } = await signUp();
    post.queued();
    const message = { tenant_id: tenantId, mail_id: 'welcome' };

    await Promise.all([
      post.take('mail/send', [message]),
      post.take('mail/send', [message]),
      post.take('mail/send', [message]),
    ]);

    expect(post.of(email)).toHaveLength(1);
  });
});

describe('mail that comes back', () => {
  it('for good ends all mail to its address, which is kept as a keyed hash', async () => {
    const email = `bounce+${randomUUID()}@simulator.amazonses.com`;
    const { tenantId } = await signUp({ email });
    await post.deliver();
    expect(post.told).toHaveLength(1);

    const output = await outputOf(async () => {
      await post.take('mail/take-feedback', [...post.told, ...post.told]);
      await post.take('mail/take-feedback', post.told);
    });

    expect(logLines(output).filter(({ MailBounces }) => MailBounces === 1)).toHaveLength(1);
    expect(output).not.toContain(email);
    const kept = (await allItems()).filter(({ pk }) => String(pk).startsWith('MAIL-ADDRESS#'));
    expect(kept.filter((item) => item.bounced_at)).not.toEqual([]);
    expect(JSON.stringify(kept)).not.toContain('simulator');
    const { isSuppressed } = await import('../../../shared/mail/addresses.ts');
    expect(await isSuppressed(email, 'service')).toBe(true);
    expect(await isSuppressed(email.toUpperCase(), 'security')).toBe(true);
    expect(await isSuppressed(`x${email}`, 'service')).toBe(false);
    await again(tenantId);
    expect(post.told).toHaveLength(1);
  });

  it('as a complaint ends mail of the service, and not that about the safety of the account', async () => {
    const email = `complaint+${randomUUID()}@simulator.amazonses.com`;
    const { tenantId } = await signUp({ email });
    await post.deliver();
    expect(post.of(email)).toHaveLength(1);

    await post.take('mail/take-feedback', post.told);
    await again(tenantId);

    expect(post.of(email)).toHaveLength(1);
    const { isSuppressed } = await import('../../../shared/mail/addresses.ts');
    expect(await isSuppressed(email, 'service')).toBe(true);
    expect(await isSuppressed(email, 'security')).toBe(false);
  });

  it('for now, or of somebody else, changes nothing', async () => {
    const email = `bounce+${randomUUID()}@simulator.amazonses.com`;
    await signUp({ email });
    await post.deliver();
    const [event] = structuredClone(post.told) as unknown as [
      { detail: { bounce: { bounceType: string }; mail: { tags: Record<string, string[]> } } },
    ];
    const foreign = structuredClone(event);
    foreign.detail.mail.tags['ses:configuration-set'] = ['of another product'];
    event.detail.bounce.bounceType = 'Transient';

    const answer = await post.take('mail/take-feedback', [event, foreign]);

    expect(answer).toEqual({ batchItemFailures: [] });
    const { isSuppressed } = await import('../../../shared/mail/addresses.ts');
    expect(await isSuppressed(email, 'service')).toBe(false);
  });

  /** Writes the owners of a tenant another mail, and sends it. */
  async function again(tenantId: string): Promise<void> {
    const { transact } = await import('../../../shared/table/table.ts');
    const { mailWrites } = await import('../../../shared/mail/outbox.ts');
    const { subscriptionActivated } = await import('../../../shared/marketplace/mails.ts');
    const once = randomUUID();
    await transact(
      mailWrites(tenantId, subscriptionActivated, { to: { role: 'owner' }, params: {}, once }),
    );
    await post.take('mail/send', [{ tenant_id: tenantId, mail_id: once }]);
    expect(await outboxOf(tenantId)).toContainEqual(
      expect.objectContaining({ mail_id: once, status: 'sent' }),
    );
  }
});

describe('a mail', () => {
  it('waits for its day, of 24 hours and more', async () => {
    const { email, tenantId } = await signUp();
    await post.deliver();
    const { transact } = await import('../../../shared/table/table.ts');
    const { mailWrites } = await import('../../../shared/mail/outbox.ts');
    const { tenantHeld } = await import('../../../shared/marketplace/mails.ts');
    const sendAtMs = Date.now() + 2 * day;
    const options = { to: { role: 'owner' }, params: {}, once: 'later', sendAtMs };
    expect(await transact(mailWrites(tenantId, tenantHeld, options))).toBeUndefined();
    expect(await transact(mailWrites(tenantId, tenantHeld, options))).toEqual([true]);

    travelTo(sendAtMs - hour);
    await post.sweep();
    await post.deliver();
    expect(post.of(email)).toHaveLength(1);
    travelTo(sendAtMs + minute);
    await post.sweep();
    await post.deliver();

    expect(post.of(email)).toHaveLength(2);
    expect(post.of(email)[1]?.text).not.toContain('http');
  });
});
