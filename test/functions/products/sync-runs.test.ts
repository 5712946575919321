import { BatchGetCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { useProducts } from '../../../harness/products/products.ts';

const { modules, fresh, start, work } = useProducts();
afterEach(() => {
  vi.restoreAllMocks();
});

/** Lets a read of a run and its lock see the run before `meanwhile` and the lock after it. */
async function readApart(meanwhile: () => Promise<void>): Promise<void> {
  const { tableClient } = await import('../../../shared/table/table.ts');
  const send = tableClient.send.bind(tableClient) as (command: unknown) => Promise<unknown>;
  let isFirst = true;
  vi.spyOn(tableClient, 'send').mockImplementation((async (command: unknown) => {
    const answer = (await send(command)) as { Responses?: Record<string, { sk: string }[]> };
    if (!(command instanceof BatchGetCommand) || !isFirst) return answer;
    isFirst = false;
    await meanwhile();
    const Responses = Object.entries(answer.Responses ?? {}).map(([table, found]) => [
      table,
      found.filter(({ sk }) => sk !== 'SYNCLOCK'),
    ]);
    return { ...answer, Responses: Object.fromEntries(Responses) };
  }) as typeof tableClient.send);
}

describe('a run that is read while it ends', () => {
  it('does not go back to its beginning', async () => {
    const { channels, tenantId } = await fresh();
    const { task_id } = await start(channels, tenantId);
    const { advanceSync, getSyncRun } = await modules();
    const message = { tenant_id: tenantId, run_id: task_id };
    await advanceSync(message, channels, () => 1000);
    await readApart(() => work(channels));

    expect(await getSyncRun(tenantId, task_id)).toMatchObject({
      status: 'completed',
      processed: 12,
    });
  });
});
