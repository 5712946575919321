import type { Context, SQSEvent } from 'aws-lambda';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { logLines, outputOf } from '../../../harness/output.ts';
import { useWebhooks } from '../../../harness/webhooks/webhooks.ts';
import { useWorld } from '../../../harness/world.ts';

const world = useWorld();
const webhooks = useWebhooks(world);
const header = (digit: number) =>
  `Root=1-6a0b1c2d-${String(digit).repeat(24)};Parent=53995c3f42cd8ad8;Sampled=1;Lineage=1:2a3b:0`;
const idOf = (digit: number) => `1-6a0b1c2d-${String(digit).repeat(24)}`;

let sent: Record<string, unknown>[] = [];
beforeEach(() => {
  sent = [];
  world.awsAnswers('SendMessage', (input) => {
    // Mail is queued by each sign-up.
    if (!String(input.QueueUrl).endsWith('/mail')) sent.push(input);
    return { error: 'AccessDenied' };
  });
});
afterEach(() => {
  delete process.env._X_AMZN_TRACE_ID;
});

const tracesSent = () =>
  sent.map(
    ({ MessageSystemAttributes }) =>
      (MessageSystemAttributes as Record<string, unknown> | undefined)?.AWSTraceHeader,
  );

describe('a trace', () => {
  it('is named in every line of a request, and goes along with what the request puts into a queue', async () => {
    const { member } = await webhooks.fresh('tenant.updated');
    process.env._X_AMZN_TRACE_ID = header(1);

    const output = await outputOf(() => webhooks.rename(member, 'New name'));

    const lines = logLines(output).filter(({ message }) => message !== undefined);
    expect(lines.length).toBeGreaterThan(0);
    expect(new Set(lines.map(({ trace_id }) => trace_id))).toEqual(new Set([idOf(1)]));
    expect(tracesSent()).toEqual([{ DataType: 'String', StringValue: header(1) }]);
  });

  it('of a request is named by the worker of its message too, beside the own one of the invocation', async () => {
    const { member } = await webhooks.fresh('tenant.updated');
    const { member: other } = await webhooks.fresh('tenant.updated');
    await webhooks.rename(member, 'New name');
    await webhooks.rename(other, 'New name');
    const { handler } = await import('../../../functions/webhooks/deliver.ts');
    process.env._X_AMZN_TRACE_ID = header(9);
    const Records = sent.map(({ MessageBody }, index) => ({
      messageId: `message-${index}`,
      body: MessageBody,
      attributes: { AWSTraceHeader: header(index + 1) },
    }));

    const output = await outputOf(() =>
      handler({ Records } as unknown as SQSEvent, { awsRequestId: 'x' } as Context),
    );

    const attempts = logLines(output).filter(({ message }) => message === 'delivery_attempt');
    const traces = attempts.map(({ tenant_id, trace_id, xray_trace_id }) => [
      tenant_id,
      trace_id,
      xray_trace_id,
    ]);
    expect(traces.sort()).toEqual(
      [
        [member.tenantId, idOf(1), idOf(9)],
        [other.tenantId, idOf(2), idOf(9)],
      ].sort(),
    );
  });

  it('goes on from message to message, so that a retry still belongs to the request', async () => {
    const { member } = await webhooks.fresh('tenant.updated');
    await webhooks.rename(member, 'New name');
    const [message] = sent.splice(0);
    webhooks.receiver.answer = { status: 500 };
    const { handler } = await import('../../../functions/webhooks/deliver.ts');
    process.env._X_AMZN_TRACE_ID = header(9);

    await outputOf(() =>
      handler(
        {
          Records: [
            {
              messageId: 'message',
              body: message?.MessageBody,
              attributes: { AWSTraceHeader: header(1) },
            },
          ],
        } as unknown as SQSEvent,
        { awsRequestId: 'x' } as Context,
      ),
    );

    expect(tracesSent()).toEqual([{ DataType: 'String', StringValue: header(1) }]);
  });

  it.each([undefined, '', 'nonsense', 'Root=1-2-3'])('that is %j is none', async (value) => {
    const { member } = await webhooks.fresh('tenant.updated');
    if (value !== undefined) process.env._X_AMZN_TRACE_ID = value;

    const output = await outputOf(() => webhooks.rename(member, 'New name'));

    for (const line of logLines(output)) expect(line).not.toHaveProperty('trace_id');
    expect(tracesSent()).toEqual([undefined]);
  });
});
