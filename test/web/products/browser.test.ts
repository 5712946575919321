import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { channelsOf } from '../../../harness/channels/fakes.ts';
import { ozonAccount, ozonOf, typeKey } from '../channels/ozon.ts';
import { flawsOf, heading, setRole, signIn, useSite } from '../site.ts';

const { system, visit } = useSite();

const rowsOf = (page: Page) => page.locator('.results tbody tr');

async function syncNow(page: Page): Promise<void> {
  const completed = page.locator('.runs').getByText('Completed');
  const before = await completed.count();
  await page.getByRole('button', { name: 'Sync now' }).click();
  await completed.nth(before).waitFor();
}

describe('a seller in a browser', { timeout: 120_000 }, () => {
  test('connects Ozon, syncs, and finds their products', () =>
    visit(async (page) => {
      const owner = await system.newOwner();
      const account = ozonAccount(system, 60);
      await signIn(page, owner, { at: '/products', title: 'Products' });
      await page.getByRole('heading', { name: 'No products yet' }).waitFor();

      await page.getByRole('button', { name: 'Sync now' }).click();
      await page.getByText('No marketplace is connected yet.').waitFor();
      await page.getByRole('link', { name: 'Connect a marketplace' }).click();
      await heading(page, 'Sell on').waitFor();
      expect(await ozonOf(page).getByLabel('API key', { exact: true }).getAttribute('type')).toBe(
        'password',
      );

      await typeKey(page, { ...account.credentials, api_key: 'no-such-key-at-all' });
      await ozonOf(page).getByText('Ozon does not accept this Client-Id and API key.').waitFor();
      await typeKey(page, { ...account.credentials, client_id: 'letters' });
      await ozonOf(page).getByText('Client-Id is not a Client-Id.').waitFor();
      await typeKey(page, account.credentials);
      await ozonOf(page).getByText('Connected', { exact: true }).first().waitFor();
      expect(await ozonOf(page).textContent()).toContain(
        `••••${account.credentials.api_key?.slice(-4)}`,
      );
      expect(await page.content()).not.toContain(account.credentials.api_key);

      await page.getByRole('link', { name: 'Go to products' }).click();
      await syncNow(page);
      await rowsOf(page).nth(24).waitFor();
      expect(await page.locator('.catalogue .status').textContent()).toMatch(/^60 products/);
      expect(await rowsOf(page).count()).toBe(25);
      await page.getByRole('img', { name: 'Products by their stock' }).waitFor();
      expect(await page.locator('.figures').textContent()).toMatch(/^Products60/);

      expect(await flawsOf(page)).toEqual([]);

      await page.getByRole('button', { name: 'Next' }).click();
      await page.getByText('Page 2 of 3').waitFor();
      await page.getByLabel('Search').fill('SKU-000007');
      await rowsOf(page).nth(1).waitFor({ state: 'detached' });
      expect(await rowsOf(page).textContent()).toMatch(/SKU-000007.*RUB/);

      // The address keeps the search.
      await page.reload();
      await rowsOf(page).first().waitFor();
      expect(await page.getByLabel('Search').inputValue()).toBe('SKU-000007');
      await page.getByRole('button', { name: 'Clear' }).click();
      await rowsOf(page).nth(24).waitFor();

      await page.getByRole('button', { name: 'Stock', exact: true }).click();
      await page.getByRole('columnheader', { name: 'Stock', exact: false }).waitFor();
      await page.locator('th[aria-sort="ascending"]', { hasText: 'Stock' }).waitFor();
      const stocks = await page.locator('.cell-stock > .stock').allTextContents();
      expect(stocks.map(Number)).toEqual(stocks.map(Number).toSorted((a, b) => a - b));

      await page.getByLabel('Show').selectOption('low');
      await page.getByText(/^\d+ products · /).waitFor();
      await page
        .locator('.cell-stock > .stock:not(.warn, .bad)')
        .first()
        .waitFor({ state: 'detached' });
    }));

  test('sees how stock and price of a product change, after however many syncs', () =>
    visit(async (page) => {
      const owner = await system.newOwner();
      const account = ozonAccount(system, 20);
      const saved = await system.send('PATCH', '/api/v1/tenants/me/credentials', {
        token: owner.access_token,
        body: { ozon: account.credentials },
      });
      expect(saved.status).toBe(200);
      await signIn(page, owner, { at: '/products', title: 'Products' });
      await syncNow(page);
      // At this revision another twentieth has changed: of 20 products, one.
      channelsOf(system.cloud).ozon.changeAccount(account.id, { revision: 3 });
      await syncNow(page);
      await syncNow(page);

      await page.reload();
      await page.locator('.figures').waitFor();
      expect(await page.locator('.figures').textContent()).toMatch(/^Products20/);

      await page.locator('th button', { hasText: 'Changed' }).click();
      await page.locator('th[aria-sort="ascending"]', { hasText: 'Changed' }).waitFor();
      await page.locator('th button', { hasText: 'Changed' }).click();
      await page.locator('th[aria-sort="descending"]', { hasText: 'Changed' }).waitFor();
      const link = rowsOf(page).first().getByRole('link');
      const name = (await link.textContent()) ?? '';
      await link.click();

      await heading(page, name).waitFor();
      await page.getByText(/^[1-9]\d* changes? of stock or price/).waitFor();
      const chart = page.getByRole('img', { name: 'Stock over time' });
      await chart.locator('path').waitFor();
      const figure = page.locator('figure', { has: chart });
      await figure.getByText('As a table').click();
      expect(await figure.getByRole('row').count()).toBeGreaterThan(1);
      expect(await page.title()).toContain(name);
      expect(await flawsOf(page)).toEqual([]);

      await page.goBack();
      await page.locator('th[aria-sort="descending"]', { hasText: 'Changed' }).waitFor();
    }));

  test('sees how far a sync is, and why one failed', () =>
    visit(async (page) => {
      const owner = await system.newOwner();
      const account = ozonAccount(system, 60);
      await system.send('PATCH', '/api/v1/tenants/me/credentials', {
        token: owner.access_token,
        body: { ozon: account.credentials },
      });
      await signIn(page, owner, { at: '/products', title: 'Products' });
      const underWay = { status: 'in_progress', phase: 'saving', processed: 30, total: 60 };
      await page.route(
        '**/products/sync/syn_*',
        async (route) => {
          const answer = await route.fetch();
          await route.fulfill({
            response: answer,
            json: { ...(await answer.json()), ...underWay },
          });
        },
        { times: 1 },
      );
      await page.getByRole('button', { name: 'Sync now' }).click();
      await page.getByText('Saving what has changed: 30 of 60 products').waitFor();
      const bar = page.getByRole('progressbar', { name: 'Sync of products' });
      expect(await bar.getAttribute('value')).toBe('30');
      await page.locator('.runs').getByText('60 products: 60 new.').waitFor();
      await bar.waitFor({ state: 'detached' });

      channelsOf(system.cloud).ozon.setFaults({ error: 'unauthorized' });
      try {
        await page.getByRole('button', { name: 'Sync now' }).click();
        await page.locator('.runs').getByText('The seller marketplace does not accept').waitFor();
      } finally {
        channelsOf(system.cloud).ozon.setFaults({ error: null });
      }
      await page.getByRole('link', { name: 'Save a new key' }).click();
      await heading(page, 'Sell on').waitFor();
    }));

  test('only looks, as a viewer', () =>
    visit(async (page) => {
      const viewer = await system.newOwner();
      await setRole(system, viewer, 'viewer');

      await signIn(page, viewer, { at: '/products', title: 'Products' });
      await page.getByText('Ask one of them.').waitFor();
      expect(await page.getByRole('button', { name: 'Sync now' }).count()).toBe(0);
    }));
});
