import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { logLines, outputOf } from '../../harness/output.ts';
import { type Member, useWorld } from '../../harness/world.ts';

const world = useWorld();
const id = `1-6a0b1c2d-${'1'.repeat(24)}`;

let member: Member;
beforeAll(async () => {
  member = await world.signUp();
});
afterEach(() => {
  delete process.env._X_AMZN_TRACE_ID;
});

const linesOf = async (trace?: string) => {
  if (trace !== undefined) process.env._X_AMZN_TRACE_ID = trace;
  const output = await outputOf(() =>
    world.send('PATCH', '/api/v1/tenants/me', {
      token: member.access_token,
      body: { name: 'New name' },
    }),
  );
  return logLines(output).filter(({ message }) => message !== undefined);
};

describe('a trace', () => {
  it('is named in every line of a request', async () => {
    const lines = await linesOf(`Root=${id};Parent=53995c3f42cd8ad8;Sampled=1;Lineage=1:2a3b:0`);

    expect(lines.length).toBeGreaterThan(0);
    expect(new Set(lines.map(({ trace_id }) => trace_id))).toEqual(new Set([id]));
  });

  it.each([undefined, '', 'nonsense', 'Root=1-2-3'])('that is %j is none', async (value) => {
    const lines = await linesOf(value);

    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(line).not.toHaveProperty('trace_id');
  });
});
