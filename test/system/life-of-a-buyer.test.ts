import { describe, expect, it } from 'vitest';
import { useSystem } from '../../harness/system.ts';

const system = useSystem();
const hour = 3600;

interface Bought {
  token: string;
  agreement_id: string;
  license_arn: string;
}
interface Subscription {
  status: string;
  plan: string;
  licenses: { license_arn: string; status: string; is_free_trial: boolean }[];
  usage: { dimension: string; quantity: number }[];
  next: { what: string; at: string | null } | null;
}
interface Metered {
  license_arn: string;
  dimension: string;
  timestamp: string;
  quantity: number;
  status: string;
}

const must = async <T>(
  method: string,
  path: string,
  options: Parameters<typeof system.send>[2] = {},
) => {
  const { status, body } = await system.send<T>(method, path, options);
  if (status >= 400)
    throw new Error(`${method} ${path} answered ${status}: ${JSON.stringify(body)}`);
  return body;
};
const buy = (purchase: object = {}) =>
  must<Bought>('POST', '/_local/marketplace/purchases', { body: purchase });
const change = (agreementId: string, what: string) =>
  must<Bought>('POST', `/_local/marketplace/agreements/${agreementId}/${what}`, { body: {} });
const advance = (seconds: number) =>
  must<{ now: string }>('POST', '/_local/clock', { body: { advance_seconds: seconds } });

/** Waits until what was told has been taken: queues are worked off by themselves. */
async function until<T>(what: string, read: () => Promise<T>, isDone: (value: T) => boolean) {
  for (let tries = 0; tries < 100; tries += 1) {
    const value = await read();
    if (isDone(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`Not in ten seconds: ${what}`);
}

describe('the life of a buyer', () => {
  it('goes from a trial through usage, renewal and cancellation, and back', {
    timeout: 240_000,
  }, async () => {
    // A trial.
    const trial = await buy({ offer_type: 'free-trial' });
    const { body: registration } = await system.register(trial.token);
    const [email, password] = ['life@example.com', 'correct horse battery'];
    await must('POST', '/marketplace/complete-profile', {
      body: { registration_ticket: registration.registration_ticket, email, password },
    });
    const signIn = async () =>
      (
        await must<{ access_token: string }>('POST', '/api/v1/auth/login', {
          body: { email, password },
        })
      ).access_token;
    let token = await signIn();
    const subscription = () => must<Subscription>('GET', '/api/v1/subscription', { token });
    const active = await until(
      'the trial is active',
      subscription,
      ({ licenses }) => licenses[0]?.status === 'ACTIVE',
    );
    expect(active.licenses).toMatchObject([{ is_free_trial: true }]);
    expect(active).toMatchObject({ status: 'ACTIVE', plan: 'PRO' });

    // It becomes paid: another agreement takes its place, and nothing is revoked.
    const paid = await change(trial.agreement_id, 'replace');
    await until('the paid license', subscription, ({ licenses }) =>
      licenses.some(
        ({ license_arn, status }) => license_arn === paid.license_arn && status === 'ACTIVE',
      ),
    );

    // A second license of the same account, linked by the owner.
    const second = await buy();
    const { body: again } = await system.register(second.token);
    await must('POST', '/marketplace/link', {
      token,
      body: { registration_ticket: again.registration_ticket },
    });
    expect((await subscription()).licenses).toHaveLength(3);

    // Usage in 26 hours, across the end of a month.
    const { key } = await must<{ key: string }>('POST', '/api/v1/api-keys', {
      token,
      body: { name: 'meter', scopes: ['usage:write'] },
    });
    const { now } = await must<{ now: string }>('GET', '/_local/clock');
    const date = new Date(now);
    const monthEnd = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
    await advance(Math.ceil((monthEnd - date.getTime()) / 1000) - 10 * hour);
    for (let passed = 0; passed < 26; passed += 1) {
      await must('POST', '/api/v1/usage', {
        headers: { 'x-api-key': key },
        body: { dimension: 'api_calls', quantity: 10 + passed, idempotency_key: `hour-${passed}` },
      });
      await advance(hour);
    }
    await advance(hour);
    const metered = async () =>
      (await must<Metered[]>('GET', '/_local/marketplace/metering')).filter(
        ({ dimension }) => dimension === 'api_calls',
      );
    const total = (records: Metered[]) =>
      records
        .filter(({ status }) => status === 'Success')
        .reduce((sum, { quantity }) => sum + quantity, 0);
    const used = Array.from({ length: 26 }, (_, passed) => 10 + passed).reduce((a, b) => a + b);
    expect(total(await metered())).toBe(used);
    expect((await metered()).every(({ status }) => status === 'Success')).toBe(true);

    // An amendment, a renewal, and the cancellation of everything with usage in its last hour.
    token = await signIn();
    await change(paid.agreement_id, 'amend');
    const renewed = await change(paid.agreement_id, 'renew');
    await until('the renewed license', subscription, ({ licenses }) =>
      licenses.some(
        ({ license_arn, status }) => license_arn === renewed.license_arn && status === 'ACTIVE',
      ),
    );
    await must('POST', '/api/v1/usage', {
      headers: { 'x-api-key': key },
      body: { dimension: 'api_calls', quantity: 7, idempotency_key: 'last' },
    });
    for (const agreement of [second.agreement_id, renewed.agreement_id])
      await change(agreement, 'cancel');
    await advance(60);
    const ended = await until('the end', subscription, ({ status }) => status === 'SUSPENDED');
    expect(ended.licenses.every(({ status }) => status === 'ENDED')).toBe(true);
    await until('the final usage', metered, (records) => total(records) === used + 7);
    expect(await system.send('GET', '/api/v1/api-keys', { token })).toMatchObject({
      status: 403,
      body: { code: 'tenant_suspended' },
    });

    // And back, with everything kept.
    const back = await buy();
    const { body: returning } = await system.register(back.token);
    await must('POST', '/marketplace/link', {
      token,
      body: { registration_ticket: returning.registration_ticket },
    });
    await until('the return', subscription, ({ status }) => status === 'ACTIVE');
    const keys = await until(
      'the keys',
      () => system.send<{ items: { name: string }[] }>('GET', '/api/v1/api-keys', { token }),
      ({ status }) => status === 200,
    );
    expect(keys.body.items).toMatchObject([{ name: 'meter' }]);
  });
});
