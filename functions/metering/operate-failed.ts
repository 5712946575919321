import { listFailedUsage as operation } from '../../shared/metering/operations.ts';
import { failedUsage } from '../../shared/metering/usage.ts';
import { handleOperation } from '../../shared/runtime/operations.ts';

const most = 1000;

export const handler = handleOperation(operation, async () => {
  const items = [];
  for await (const one of failedUsage()) if (items.push(one) === most) break;
  return { items };
});
