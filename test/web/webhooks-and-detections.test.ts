import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { startReceiver, verified } from '../../harness/webhooks/receiver.ts';
import { flawsOf, heading, signIn, useSite } from './site.ts';

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

describe('detections in a browser', { timeout: 60_000 }, () => {
  test('are counted per day, narrowed by a count, and exported as they are filtered', () =>
    visit(async (page) => {
      const owner = await system.newOwner();
      const { access_token: token } = owner;
      const key = await system.send<{ key: string }>('POST', '/api/v1/api-keys', {
        token,
        body: { name: 'sensor' },
      });
      const day = 86_400_000;
      const detections = Array.from({ length: 30 }, (_, index) => ({
        ts: new Date(Date.now() - (index % 3) * day).toISOString(),
        source_ip: `203.0.113.${index % 2}`,
        label: index < 10 ? 'port-scan' : 'malware',
        probability: 0.5,
      }));
      await system.send('POST', '/api/v1/detections', {
        headers: { 'x-api-key': key.body.key },
        body: { detections },
      });

      await signIn(page, owner, { at: '/', title: 'Detections' });
      const chart = page.getByRole('img', { name: 'Detections per day' });
      await chart.locator('.column').nth(29).waitFor();
      await page
        .getByText(/^30 detections from/)
        .first()
        .waitFor();
      await page.getByText('As a table').click();
      const counts = page.getByRole('table', { name: 'Detections per day' }).getByRole('row');
      expect(await counts.last().textContent()).toMatch(/10$/);

      expect(await flawsOf(page)).toEqual([]);
      await page.getByRole('button', { name: 'Show only port-scan, 10' }).click();
      await page.getByText('10 detections, all of them').waitFor();
      expect(await page.getByLabel('Label').inputValue()).toBe('port-scan');

      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: 'Export CSV' }).click(),
      ]);
      expect(download.suggestedFilename()).toMatch(/^detections-\d{4}-\d\d-\d\d\.csv$/);
      const lines = (await readFile(await download.path(), 'utf8')).trim().split('\r\n');
      expect(lines).toHaveLength(11);
      expect(lines[0]).toContain('label');
      expect(lines.slice(1).every((line) => line.includes('port-scan'))).toBe(true);

      await page.route('**/detections/export?*', (route) =>
        route.fulfill({ contentType: 'text/csv', body: 'id,ts\r\none,2026-' }),
      );
      await page.getByRole('button', { name: 'Export CSV' }).click();
      await page.getByText('The export broke off.').waitFor();
      await page.unroute('**/detections/export?*');
      await page.route('**/detections/export?*', () => {});
      await page.getByRole('button', { name: 'Export CSV' }).click();
      await page.getByRole('button', { name: 'Stop export' }).click();
      await page.getByRole('button', { name: 'Export CSV' }).waitFor();

      await page.getByLabel('Source IP').fill('not an address');
      await page.getByRole('button', { name: 'Apply' }).click();
      await page.getByText('The source IP is not an IP address.').waitFor();
    }));

  test('come with network interfaces to claim and release', () =>
    visit(async (page) => {
      const eni = `eni-${randomBytes(8).toString('hex')}`;
      await signIn(page, await system.newOwner(), { at: '/', title: 'Detections' });
      await page.getByText('None is claimed.').waitFor();

      await page.getByLabel('Network interface ids').fill('eni-nonsense');
      await page.getByRole('button', { name: 'Claim' }).click();
      await page.getByText('is not a network interface id').waitFor();
      await page.getByLabel('Network interface ids').fill(eni);
      await page.getByRole('button', { name: 'Claim' }).click();
      await page.getByText('1 network interface claimed.').waitFor();

      await page.getByRole('button', { name: `Release ${eni}` }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Release' }).click();
      await page.getByText('None is claimed.').waitFor();
    }));
});

describe('the navigation on a phone', { timeout: 60_000 }, () => {
  test('opens from a button, closes with Escape, and no page is wider than the screen', () =>
    visit(async (page) => {
      await page.setViewportSize({ width: 360, height: 740 });
      await signIn(page, await system.newOwner(), { at: '/', title: 'Detections' });
      await page.getByText('None is claimed.').waitFor();
      const menu = page.getByRole('button', { name: 'Menu' });
      expect(await page.getByRole('navigation').isVisible()).toBe(false);

      await menu.press('Enter');
      await page.getByRole('link', { name: 'Webhooks' }).waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('navigation').waitFor({ state: 'hidden' });
      expect(await menu.evaluate((button) => button === document.activeElement)).toBe(true);

      for (const title of ['Products', 'Sell on', 'Webhooks', 'API keys']) {
        await menu.click();
        await page.getByRole('navigation').getByRole('link', { name: title }).click();
        await heading(page, title).waitFor();
        await expect
          .poll(() => page.locator('main [aria-busy]').count(), { timeout: 20_000 })
          .toBe(0);
        expect(await page.getByRole('navigation').isVisible()).toBe(false);
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
        expect(await flawsOf(page)).toEqual([]);
      }
    }));
});
