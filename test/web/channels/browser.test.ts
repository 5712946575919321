import { describe, expect, test } from 'vitest';
import { channelsOf } from '../../../harness/channels/fakes.ts';
import { signIn, useSite } from '../site.ts';
import { ozonAccount, ozonOf, typeKey } from './ozon.ts';

const { system, visit } = useSite();

describe('a seller marketplace in a browser', { timeout: 60_000 }, () => {
  test('is connected with a key that could not be tried, gets another, and is disconnected', () =>
    visit(async (page) => {
      const owner = await system.newOwner();
      const account = ozonAccount(system, 1);
      await signIn(page, owner, { at: '/sellers', title: 'Sell on' });
      channelsOf(system.cloud).ozon.setFaults({ error: 'unavailable' });
      try {
        await typeKey(page, account.credentials);
        await page.getByText('Ozon did not answer, so the key could not be tried.').waitFor();
        await page.getByRole('button', { name: 'Save without trying' }).click();
        await ozonOf(page).getByText('Saved, not tried').waitFor();
      } finally {
        channelsOf(system.cloud).ozon.setFaults({ error: null });
      }

      await ozonOf(page).getByRole('button', { name: 'Replace key' }).click();
      await typeKey(page, account.credentials, 'Save key');
      await ozonOf(page).getByText('Connected', { exact: true }).first().waitFor();
      expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Ozon');

      await ozonOf(page).getByRole('button', { name: 'Disconnect Ozon' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Disconnect' }).click();
      await ozonOf(page).getByText('Not connected').waitFor();
    }));
});
