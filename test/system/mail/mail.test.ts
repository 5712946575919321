import { randomUUID } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { useSystem } from '../../../harness/system.ts';

const system = useSystem();

interface Mail {
  id: string;
  to: string[];
  subject: string;
  text: string;
  html: string;
}

async function mailTo(address: string): Promise<Mail[]> {
  const { body } = await system.send<Mail[]>('GET', '/_local/mailbox');
  return body.filter(({ to }) => to.includes(address));
}

const signUp = (email: string) =>
  system.send('POST', '/api/v1/auth/register', {
    body: { email, password: 'correct horse battery', company_name: 'Example Ltd' },
    headers: { 'accept-language': 'ru' },
  });

describe('mail of the whole product', { timeout: 60_000 }, () => {
  it('welcomes a new account once, with a link to where the product is', async () => {
    const email = `${randomUUID()}@example.com`;
    expect((await signUp(email)).status).toBe(201);

    const [mail] = await vi.waitUntil(
      async () => {
        const found = await mailTo(email);
        return found.length > 0 && found;
      },
      { timeout: 20_000 },
    );

    expect(mail?.subject).toBe('Добро пожаловать в Tenantry');
    expect(mail?.html).toContain(`href="${system.cloud.url}/"`);
    await system.send('POST', '/_local/schedules/mail%2Fsweep/run');
    expect(await mailTo(email)).toHaveLength(1);
  });

  it('hears of mail that bounces, through the rule of the template', async () => {
    system.cloud.clearLogs();
    await signUp(`bounce+${randomUUID()}@simulator.amazonses.com`);

    const lines = () => system.cloud.logs().map(({ line }) => line);
    await vi.waitUntil(() => lines().some((line) => line.includes('"mail_bounced"')), {
      timeout: 20_000,
    });

    expect(lines().filter((line) => line.includes('simulator.amazonses'))).toEqual([]);
  });
});
