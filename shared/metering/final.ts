import { send } from '../runtime/queues.ts';
import { finalUsage } from './queue.ts';
import { meterLicense } from './run.ts';
import type { SendOptions } from './send.ts';

/** What comes late is looked for this often, as long as AWS Marketplace takes it. */
const againSeconds = 900;

/** Reports the last usage of a license, and comes again until no more is taken. */
export async function meterFinally(
  message: { tenant_id: string; license_id: string },
  options: SendOptions,
): Promise<void> {
  const untilMs = await meterLicense(message.license_id, options);
  if (untilMs === undefined) return;
  const leftSeconds = (untilMs - Date.now()) / 1000;
  await send(finalUsage, message, { delaySeconds: Math.min(againSeconds, leftSeconds + 1) });
}
