import { badge } from '../components/components.ts';
import type { Delivery, Webhook } from './types.ts';

/** Whether a webhook is on, and if not, why. */
export function webhookStatus({ enabled, disabled_reason: reason }: Webhook): HTMLElement {
  if (enabled) return badge('On', 'good');
  return reason === 'by_hand' || reason === null ? badge('Off') : badge('Switched off', 'bad');
}

/** Why a webhook is off, in a sentence. */
export function offSentence({ enabled, disabled_reason: reason }: Webhook): string | undefined {
  if (enabled) return undefined;
  if (reason === 'gone') return 'Your server answered 410, which means that it is gone for good.';
  if (reason === 'failing') return 'A delivery failed ten times within three days.';
  return 'Somebody switched it off.';
}

/** How a delivery stands. */
export function deliveryStatus({ status, attempts }: Delivery): HTMLElement {
  if (status === 'delivered') return badge('Delivered', 'good');
  if (status === 'failed') return badge('Failed', 'bad');
  return attempts === 0 ? badge('On its way') : badge('Trying again', 'warn');
}
