import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { startReceiver, verified } from '../../../harness/webhooks/receiver.ts';
import { flawsOf, heading, signIn, useSite } from '../site.ts';

const { system, visit } = useSite();

const deliveriesOf = (page: Page) => page.locator('.delivery');

describe('webhooks in a browser', { timeout: 60_000 }, () => {
  test('are created, tried, replayed, given a new secret, switched off and deleted', () =>
    visit(async (page) => {
      const receiver = await startReceiver();
      receiver.answer = { status: 200, body: 'thank you' };
      try {
        const owner = await system.newOwner();
        await signIn(page, owner, { at: '/webhooks', title: 'Webhooks' });
        await page.getByText('There is no webhook yet.').waitFor();

        await page.getByLabel('Address').fill(receiver.url);
        await page.getByRole('button', { name: 'Create webhook' }).click();
        await page.getByText('Choose at least one.').waitFor();
        await page.getByLabel('api_key.created').check();
        await page.getByLabel('Description').fill('Warehouse');
        await page.getByRole('button', { name: 'Create webhook' }).click();
        await page.getByText('Copy the secret now:').waitFor();
        const secret = (await page.getByRole('textbox', { name: 'secret' }).textContent()) ?? '';
        expect(secret).toMatch(/^whsec_/);

        await page.getByRole('link', { name: 'Try it out' }).click();
        await heading(page, 'Warehouse').waitFor();
        expect(await page.content()).not.toContain(secret);
        await page.getByText('Nothing was sent yet.').waitFor();
        await page.getByRole('button', { name: 'Send a test' }).click();
        await deliveriesOf(page).getByText('Delivered').waitFor();
        expect(await flawsOf(page)).toEqual([]);
        expect(await deliveriesOf(page).textContent()).toMatch(
          /webhook\.test.*1 attempt, answered 200/,
        );
        const [first] = receiver.received;
        expect(first && verified(secret, first)).toMatchObject({ type: 'webhook.test' });
        await page.getByText('What your server answered with 200').click();
        await page.getByText('thank you').waitFor();

        await page.getByRole('button', { name: /^Replay webhook\.test/ }).click();
        await deliveriesOf(page).getByText('answered 200').waitFor();
        await expect.poll(() => receiver.received.length, { timeout: 20_000 }).toBe(2);

        await page.getByRole('button', { name: 'New secret' }).click();
        await page.getByRole('button', { name: 'Make new secret' }).click();
        await page.getByText('The secret before is valid too, until').waitFor();
        const fresh = (await page.getByRole('textbox', { name: 'secret' }).textContent()) ?? '';
        expect(fresh).toMatch(/^whsec_/);
        expect(fresh).not.toBe(secret);

        await page.getByRole('button', { name: 'Switch off' }).click();
        await page.getByText('Somebody switched it off.').waitFor();
        await page.getByRole('button', { name: 'Send a test' }).click();
        await page.getByText('This webhook is switched off.').waitFor();
        await page.getByRole('button', { name: 'Switch on' }).click();
        await page.getByText('On', { exact: true }).waitFor();

        await page.getByRole('button', { name: 'Delete' }).click();
        await page.getByRole('button', { name: 'Delete webhook' }).click();
        await page.getByText('The webhook is deleted.').waitFor();
        await page.getByText('There is no webhook yet.').waitFor();
      } finally {
        receiver.stop();
      }
    }));
});
