import { beforeAll, describe, expect, it, vi } from 'vitest';
import { runWorker } from '../../../harness/audit/audit.ts';
import { pretendBcrypt } from '../../../harness/bcrypt.ts';
import { allItems } from '../../../harness/items.ts';
import { Agreement, deliverEvents } from '../../../harness/marketplace/agreements.ts';
import { operate, operated } from '../../../harness/operator/operations.ts';
import { logLines, outputOf } from '../../../harness/output.ts';
import { type Member, useWorld } from '../../../harness/world.ts';
import { operations } from '../../../shared/contract/registry.ts';

const world = useWorld();
beforeAll(() => pretendBcrypt('not needed here'));

interface Listed<T> {
  items: T[];
  next_cursor: string | null;
}

/** What data endpoints answer to a member, once no container remembers what was before. */
async function access({ access_token: token }: Member): Promise<string> {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 31_000 });
  const { status, body } = await world.send<{ code?: string }>('GET', '/api/v1/api-keys', {
    token,
  });
  return body.code ?? String(status);
}

const reason = 'asked for by the buyer';

describe('tenants', () => {
  it('are listed page by page, the newest first, each once', async () => {
    const made = [await world.signUp(), await world.signUp(), await world.signUp()];

    const found: string[] = [];
    let cursor: string | undefined;
    do {
      const page: Listed<{ id: string }> = await operated('tenants list', {
        limit: '2',
        ...(cursor && { cursor }),
      });
      expect(page.items.length).toBeLessThanOrEqual(2);
      found.push(...page.items.map(({ id }) => id));
      cursor = page.next_cursor ?? undefined;
    } while (cursor);

    const ids = made.map(({ tenantId }) => tenantId).reverse();
    expect(found.filter((id) => ids.includes(id))).toEqual(ids);
    expect(new Set(found).size).toBe(found.length);
  });

  it('are suspended and restored, whatever their licenses say, and nothing is lost', async () => {
    const member = await world.signUp();
    const input = { tenant_id: member.tenantId, reason };

    expect(await operated('tenants suspend', input)).toMatchObject({
      tenant: { status: 'SUSPENDED', is_held: true },
    });
    expect(await access(member)).toBe('tenant_suspended');
    await operated('tenants restore', input);
    expect(await access(member)).toBe('200');
  });

  it('stay suspended when a license of theirs becomes active', async () => {
    const agreement = new Agreement(world);
    const { tenant_id } = await agreement.register();
    await operated('tenants suspend', { tenant_id, reason });

    await deliverEvents(agreement.licenseUpdated());

    expect(await operated('tenants show', { tenant_id })).toMatchObject({
      tenant: { is_held: true, subscription: 'ACTIVE' },
    });
  });

  it('get a plan in place of that of their licenses, and lose it again', async () => {
    const { tenantId: tenant_id } = await world.signUp();
    const plan = (value: string) => operated('tenants plan', { tenant_id, plan: value, reason });

    expect(await plan('ENTERPRISE')).toMatchObject({ tenant: { plan: 'ENTERPRISE' } });
    expect(await plan('none')).toMatchObject({ tenant: { plan: 'FREE' } });
  });

  it('are shown with their licenses and every event of them', async () => {
    const agreement = new Agreement(world);
    await deliverEvents(agreement.created(), agreement.licenseUpdated());
    const { tenant_id } = await agreement.register();

    const { licenses } = await operated<{ licenses: { events: { name: string }[] }[] }>(
      'tenants show',
      { tenant_id },
    );

    expect(licenses[0]).toMatchObject({ license_id: agreement.licenseId, status: 'ACTIVE' });
    expect(licenses[0]?.events.map(({ name }) => name)).toEqual([
      'Purchase Agreement Created',
      'License Updated',
    ]);
  });
});

describe('licenses and agreements', () => {
  it('are found by account, by ARN, and while they wait for their buyer', async () => {
    const accountId = '222233334444';
    const [registered, parked] = [
      new Agreement(world, { accountId }),
      new Agreement(world, { accountId }),
    ];
    await deliverEvents(registered.licenseUpdated(), parked.licenseUpdated());
    const { tenant_id } = await registered.register();

    const licenses = await operated<Listed<object>>('licenses list', { account_id: accountId });
    expect(licenses.items).toMatchObject([{ tenant_id, license_id: registered.licenseId }]);
    expect(await operated('licenses show', { license: parked.licenseArn })).toMatchObject({
      agreement_id: parked.id,
      events: [{ name: 'License Updated' }],
    });
    const waiting = await operated<Listed<{ agreement_id: string }>>('agreements parked', {
      limit: 100,
    });
    const ids = waiting.items.map(({ agreement_id }) => agreement_id);
    expect(ids).toContain(parked.id);
    expect(ids).not.toContain(registered.id);
  });

  it('are applied once more on demand', async () => {
    const agreement = new Agreement(world);
    await deliverEvents(agreement.licenseUpdated());
    await agreement.register();

    const again = await operated('agreements replay', { agreement_id: agreement.id });

    expect(again).toMatchObject({ agreement: { event_count: 1 } });
  });
});

describe('the audit log', () => {
  it('is verified, and a changed entry is a difference', async () => {
    const { tenantId: tenant_id } = await world.signUp();
    await operated('tenants suspend', { tenant_id, reason });
    await runWorker('audit/chain');

    expect(await operated('audit verify', { tenant_id })).toMatchObject({
      is_different: false,
      faults: [],
      pending: 0,
    });
    const { putItem } = await import('../../../shared/table/table.ts');
    const entry = (await allItems()).find(
      ({ type, subject }) => type === 'tenant.held' && subject === tenant_id,
    );
    await putItem({ Item: { ...entry, actor: { kind: 'operator', id: 'nobody' } } });
    expect(await operated('audit verify', { tenant_id })).toMatchObject({
      is_different: true,
      faults: [{ kind: 'entry_changed', at: entry?.id }],
    });
  });

  it('tells who suspended a tenant, and what that made of it', async () => {
    const { tenantId: tenant_id } = await world.signUp();
    await operated('tenants suspend', { tenant_id, reason });

    const entries = (await allItems()).filter(
      ({ subject, actor }) => subject === tenant_id && actor,
    );
    expect(entries).toContainEqual(
      expect.objectContaining({ type: 'tenant.held', data: { reason } }),
    );
    expect(entries).toContainEqual(
      expect.objectContaining({
        type: 'tenant.standing_changed',
        actor: { kind: 'operator', id: 'tester' },
        data: expect.objectContaining({ status: 'SUSPENDED' }),
      }),
    );
  });
});

describe('a command', () => {
  it.each([
    ['tenants show', { tenant_id: 'tnt_00000000000000000000000000' }, 'not_found'],
    ['tenants suspend', { tenant_id: 'tnt_00000000000000000000000000', reason }, 'not_found'],
    ['licenses show', { license: 'l-0' }, 'not_found'],
    ['agreements show', { agreement_id: 'agmt-0' }, 'not_found'],
    ['agreements replay', { agreement_id: 'agmt-0' }, 'not_found'],
    ['tenants show', { tenant_id: 'x' }, 'validation_failed'],
    ['tenants suspend', { tenant_id: 'tnt_00000000000000000000000000' }, 'validation_failed'],
    ['tenants list', { limit: '0' }, 'validation_failed'],
    ['tenants list', { cursor: 'x' }, 'invalid_cursor'],
    ['tenants list', { frobnicate: 'x' }, 'validation_failed'],
  ])('%s %j is told what is wrong', async (command, input, code) => {
    expect(await operate(command, input)).toMatchObject({ ok: false, problem: { code } });
  });

  it('leaves a line in the log that says who, what and how it went', async () => {
    const { tenantId: tenant_id } = await world.signUp();

    const output = await outputOf(() => operate('tenants show', { tenant_id }));

    expect(logLines(output)).toContainEqual(
      expect.objectContaining({
        message: 'operation',
        command: 'tenants show',
        operator: 'tester',
        outcome: 'done',
      }),
    );
  });

  it('says what it changes, or may not write', () => {
    const writing = ['PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem'];
    for (const { command, changes, table = [] } of operations.values()) {
      const writes = table.some(([, actions]) => actions.some((each) => writing.includes(each)));
      expect(Boolean(changes), command).toBe(writes);
    }
  });
});
