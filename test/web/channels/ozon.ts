import type { Page } from 'playwright-core';
import { channelsOf } from '../../../harness/channels/fakes.ts';
import type { System } from '../../../harness/system.ts';

/** What the page has about Ozon. */
export const ozonOf = (page: Page) => page.getByRole('region', { name: 'Ozon' });

/** A seller of the local Ozon. */
export function ozonAccount({ cloud }: System, products: number) {
  const account = channelsOf(cloud).ozon.createAccount({ products });
  if (!account) throw new Error('There is no local Ozon');
  return account;
}

/** Types the keys of a seller and presses the button. */
export async function typeKey(
  page: Page,
  { client_id = '', api_key = '' }: Record<string, string>,
  button = 'Connect Ozon',
): Promise<void> {
  await ozonOf(page).getByLabel('Client-Id').fill(client_id);
  await ozonOf(page).getByLabel('API key', { exact: true }).fill(api_key);
  await ozonOf(page).getByRole('button', { name: button }).click();
}
