import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startAlone } from '../../../local/aws/marketplace/alone.ts';
import { chromiumPath, noBrowser, openTab, startBrowser } from '../../web/browser.ts';
import { flawsOf } from '../../web/site.ts';
import { listed } from '../aws/marketplace/seller.ts';
import { useMiniCloud } from '../mini-cloud.ts';

const mini = useMiniCloud({}, (resources) => {
  Object.assign(resources, {
    Hourly: {
      Type: 'AWS::Events::Rule',
      Properties: {
        ScheduleExpression: 'rate(1 hour)',
        Targets: [{ Id: 'Tick', Arn: { 'Fn::GetAtt': ['Tick', 'Arn'] } }],
      },
    },
  });
});

let browser: Browser | undefined;
beforeAll(async () => {
  if (chromiumPath) browser = await startBrowser(chromiumPath);
}, 60_000);
afterAll(() => browser?.close());
beforeEach((context) => context.skip(!chromiumPath, noBrowser));

async function visit(site: string, scenario: (page: Page) => Promise<void>): Promise<void> {
  if (!browser) throw new Error('The browser did not start');
  const tab = await openTab(browser, site);
  try {
    await tab.page.goto('/_local/');
    await scenario(tab.page);
    expect(await flawsOf(tab.page)).toEqual([]);
    expect(tab.complaints).toEqual([]);
    expect(tab.strangers).toEqual([]);
  } finally {
    await tab.page.context().close();
  }
}

const rows = (page: Page, id: string) => page.locator(`#${id} tr`);
const said = (page: Page, text: string | RegExp) =>
  page.getByRole('status').filter({ hasText: text }).waitFor();

describe('the page of the console', { timeout: 60_000 }, () => {
  it('buys on some terms, changes and ends the agreement, and shows what was told of it', () =>
    visit(mini.cloud.url, async (page) => {
      await page.locator('#product').fill('sold-by-contract');
      await page.locator('#pricing').selectOption('contract');
      await page.locator('#dimensions').fill('seats=3, support');
      await page.getByRole('button', { name: 'Subscribe' }).click();
      await said(page, 'subscribed');
      const agreement = rows(page, 'purchase-rows').first();
      await agreement
        .getByText('sold-by-contract · contract · seats=3 · support=1', { exact: true })
        .waitFor();

      await page.getByLabel('Dimensions of a change').fill('seats=5');
      await agreement.getByRole('button', { name: /^amend/ }).click();
      await agreement.getByText('sold-by-contract · contract · seats=5', { exact: true }).waitFor();
      await agreement.getByRole('button', { name: /^cancel/ }).click();
      await agreement.getByText('CANCELLED', { exact: true }).waitFor();
      expect(await agreement.getByRole('button', { name: /^cancel/ }).count()).toBe(0);

      const event = rows(page, 'event-rows')
        .filter({ hasText: 'Purchase Agreement Ended' })
        .first();
      await event.getByText('sent', { exact: true }).waitFor();
      await event.getByRole('button', { name: /^Send again/ }).click();
      await event.getByText('sent, 2 times').waitFor();
    }));

  it('advances the clock and runs schedules', () =>
    visit(mini.cloud.url, async (page) => {
      const before = mini.cloud.clock.offsetMs;
      await page.getByRole('button', { name: 'Advance an hour' }).click();
      await said(page, /^It is /);
      expect(mini.cloud.clock.offsetMs - before).toBe(3_600_000);

      await rows(page, 'schedule-rows').getByRole('button', { name: 'Run Tick' }).click();
      await said(page, 'Tick ran.');
    }));

  it('makes trouble, and says which is in force', () =>
    visit(mini.cloud.url, async (page) => {
      await page.locator('#fault-api').selectOption('BatchMeterUsage');
      await page.locator('#fault').selectOption('lost_answer');
      await page.locator('#fault-times').fill('2');
      await page.getByRole('button', { name: 'Apply', exact: true }).click();
      await page.getByText('In force: BatchMeterUsage').waitFor();
      await page.getByLabel('twice').check();
      await page.getByRole('button', { name: 'Apply to events' }).click();
      await page.getByText('"duplicate":true').waitFor();

      expect(mini.cloud.marketplace.faults.state()).toMatchObject({
        events: { duplicate: true, drop: false, times: null },
        apis: { BatchMeterUsage: { error: 'lost_answer', times: 2 } },
      });
    }));

  it('of a marketplace that runs alone has its sections only, and leads to the product', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'tenantry-alone-'));
    const alone = await startAlone({
      port: 0,
      dataDir,
      products: listed,
      fulfilmentUrl: 'https://product.example/register',
    });
    await visit(alone.url, async (page) => {
      await page.getByRole('button', { name: 'Subscribe' }).click();
      await said(page, 'subscribed');
      await rows(page, 'purchase-rows').first().getByText('by-use · usage').waitFor();
      expect(await page.locator('#fulfilment').getAttribute('action')).toBe(
        'https://product.example/register',
      );
      for (const section of ['schedules', 'mailbox', 'tables'])
        await page.locator(`#${section}`).waitFor({ state: 'hidden' });
      expect(await page.getByRole('navigation').getByRole('link').allTextContents()).toEqual([
        'Buy',
        'Agreements',
        'Events',
        'Metering',
        'Clock',
        'Faults',
      ]);
    });
    await alone.stop();
    rmSync(dataDir, { recursive: true });
  });
});
