import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { decodeJwt } from 'jose';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import { System } from '../../harness/system.ts';
import { identityKeys } from '../../shared/identity/keys.ts';
import { chromiumPath, noBrowser, openTab, startBrowser } from './browser.ts';

export interface Site {
  readonly system: System;
  /** A tab of its own for a test; whatever the test does, its pages must keep the site's policy. */
  visit(scenario: (page: Page) => Promise<void>): Promise<void>;
}

/** Starts the system and a browser around the tests of a file, which are skipped without a browser. */
export function useSite(): Site {
  const system = new System();
  let browser: Browser | undefined;

  beforeAll(async () => {
    if (!chromiumPath) {
      console.warn(`Skipped: ${noBrowser}`);
      return;
    }
    await system.start();
    browser = await startBrowser(chromiumPath);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await system.stop();
  });
  beforeEach((context) => context.skip(!chromiumPath, noBrowser));

  return {
    system,
    async visit(scenario) {
      if (!browser) throw new Error('The browser did not start');
      const tab = await openTab(browser, system.cloud.url);
      try {
        await scenario(tab.page);
        expect(tab.complaints).toEqual([]);
        expect(tab.strangers).toEqual([]);
      } finally {
        await tab.page.context().close();
      }
    },
  };
}

export const heading = (page: Page, name: string) => page.getByRole('heading', { name, level: 1 });
export const passwordField = (page: Page) => page.getByLabel('Password', { exact: true });

/** Makes an API key on the page that is open, and returns it. */
export async function createApiKey(page: Page, name: string): Promise<string> {
  await page.getByLabel('Name').fill(name);
  await page.getByRole('button', { name: 'Create API key' }).click();
  await page.getByText(`${name} is ready.`).waitFor();
  return (await page.getByRole('textbox', { name: 'API key' }).textContent()) ?? '';
}

/** Signs in at an address and waits for its page. */
export async function signIn(
  page: Page,
  { email, password }: { email: string; password: string },
  { at, title }: { at: string; title: string },
): Promise<void> {
  await page.goto(at);
  await page.getByLabel('Email').fill(email);
  await passwordField(page).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await heading(page, title).waitFor();
}

/** Controls of the page without a name, and headings that skip a level. */
export function flawsOf(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const isSeen = (element: Element) => element.checkVisibility();
    const nameless = [...document.querySelectorAll('input, select, button, a, progress')]
      .filter(isSeen)
      .filter((element) => {
        const labels = 'labels' in element ? [...((element.labels as NodeList | null) ?? [])] : [];
        const words = [element, ...labels].map(({ textContent }) => textContent ?? '').join('');
        return element.getAttribute('aria-label') === null && words.trim() === '';
      })
      .map(({ outerHTML }) => `no name: ${outerHTML}`);
    const levels = [...document.querySelectorAll('h1, h2, h3, h4')]
      .filter(isSeen)
      .map(({ tagName }) => Number(tagName.slice(1)));
    const skips = levels.flatMap((level, index) =>
      level > (levels[index - 1] ?? 0) + 1 ? [`h${level} after h${levels[index - 1] ?? 0}`] : [],
    );
    return [...nameless, ...skips];
  });
}

/** Gives a member another role, as no endpoint does yet. They have it from the next sign-in on. */
export async function setRole(
  system: System,
  { access_token }: { access_token: string },
  role: string,
): Promise<void> {
  const { tenant_id, sub } = decodeJwt<{ tenant_id: string }>(access_token);
  const { pk, sk } = identityKeys.member(tenant_id, String(sub));
  const { name, endpoint } = system.cloud.table;
  const client = new DynamoDBClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  await client.send(
    new UpdateItemCommand({
      TableName: name,
      Key: { pk: { S: pk }, sk: { S: sk } },
      ConditionExpression: 'attribute_exists(pk)',
      UpdateExpression: 'SET #role = :role',
      ExpressionAttributeNames: { '#role': 'role' },
      ExpressionAttributeValues: { ':role': { S: role } },
    }),
  );
  client.destroy();
}
