import { describe, expect, it } from 'vitest';
import { useSystem } from '../../harness/system.ts';
import type { ScheduleState } from '../../local/aws/schedules.ts';
import { sameName } from '../../local/template/names.ts';

const system = useSystem();
const schedules = async () => (await system.send<ScheduleState[]>('GET', '/_local/schedules')).body;

/** How often a function was called, by its logical id. */
async function invocations(): Promise<Map<string, number>> {
  const { body } = await system.send<string>('GET', '/_local/metrics');
  const lines = String(body).matchAll(
    /^\w*function_invocations_total\{function="(\w+)"\} (\d+)$/gm,
  );
  const calls = new Map([...lines].map(([, id = '', count]) => [id, Number(count)]));
  return calls;
}

describe('the clock of the whole product', () => {
  it('ends sessions, and runs what is due in each hour', { timeout: 120_000 }, async () => {
    const { access_token: token } = await system.newOwner();
    const me = () => system.send('GET', '/api/v1/tenants/me', { token });
    expect((await me()).status).toBe(200);
    const before = await invocations();

    const advanced = await system.send('POST', '/_local/clock', {
      body: { advance_seconds: 26 * 3600 },
    });

    expect(advanced.status).toBe(200);
    expect((await me()).status).toBe(401);
    const after = await invocations();
    for (const { name, every_seconds } of await schedules()) {
      if (every_seconds > 3600) continue;
      const id = [...after.keys()].find((each) => sameName(each, name)) ?? '';
      expect((after.get(id) ?? 0) - (before.get(id) ?? 0), name).toBeGreaterThanOrEqual(26);
    }
  });

  it('is there for every schedule by its name, encoded or plain', async () => {
    for (const { name } of await schedules())
      for (const path of [name, encodeURIComponent(name)])
        expect(await system.send('POST', `/_local/schedules/${path}/run`)).toMatchObject({
          status: 200,
          body: { name, error: null },
        });
  });
});
