import { randomUUID } from 'node:crypto';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { flawsOf, heading, passwordField, signIn, useSite } from '../site.ts';

const password = 'correct horse battery staple';
const { system, visit } = useSite();

interface Bought {
  readonly token: string;
  readonly agreement_id: string;
}

async function buy(purchase: object = {}): Promise<Bought> {
  const { body } = await system.send<Bought & Record<string, unknown>>(
    'POST',
    '/_local/marketplace/purchases',
    { body: purchase },
  );
  return body;
}

/** Time passes for AWS Marketplace and the product. */
const wait = (seconds: number) =>
  system.send('POST', '/_local/clock', { body: { advance_seconds: seconds } });

/** What AWS Marketplace tells from now on comes later. */
const delayEvents = (seconds: number) =>
  system.send('POST', '/_local/faults', { body: { events: { delay_seconds: seconds } } });

/** The welcome page of a purchase. */
async function arrive(page: Page, { token }: Bought): Promise<void> {
  const { body } = await system.register(token);
  await page.goto('about:blank');
  await page.goto(`/welcome#ticket=${body.registration_ticket}`);
  await heading(page, 'Set up your account').waitFor();
}

async function complete(page: Page): Promise<string> {
  const email = `${randomUUID()}@example.com`;
  await page.getByLabel('Email').fill(email);
  await passwordField(page).fill(password);
  await page.getByRole('button', { name: 'Complete setup' }).click();
  return email;
}

const openSubscription = async (page: Page) => {
  await page.getByRole('navigation').getByRole('link', { name: 'Subscription' }).click();
  await heading(page, 'Subscription').waitFor();
};
const says = (page: Page, name: string) => page.getByRole('heading', { name, level: 2 }).waitFor();

describe('a subscription in a browser', { timeout: 90_000 }, () => {
  test('that is being activated is shown in place of everything, and the app goes on by itself', () =>
    visit(async (page) => {
      await delayEvents(60);
      const bought = await buy();
      await delayEvents(0);
      await arrive(page, bought);
      await complete(page);

      await heading(page, 'Subscription').waitFor();
      await says(page, 'Your subscription is being activated');
      await page.getByText('AWS activates it').waitFor();
      await wait(120);

      await page.getByText('Your subscription is active.').waitFor();
      expect(new URL(page.url()).pathname).toBe('/');
      await openSubscription(page);
      await says(page, 'Your subscription is active');
      await page.getByText('api_calls').waitFor();
      const aws = page.getByRole('link', { name: 'AWS Marketplace › Manage subscriptions' });
      expect(await aws.getAttribute('href')).toContain('console.aws.amazon.com/marketplace');
      expect(await flawsOf(page)).toEqual([]);
    }));

  test('that has ended is shown to people who sign in', () =>
    visit(async (page) => {
      const bought = await buy();
      await arrive(page, bought);
      const email = await complete(page);
      await page.getByText('Your account is set up').waitFor();

      await system.send('POST', `/_local/marketplace/agreements/${bought.agreement_id}/cancel`, {
        body: {},
      });
      await wait(120);
      await page.goto('/');
      await page.evaluate(() => sessionStorage.clear());
      await signIn(page, { email, password }, { at: '/api-keys', title: 'Subscription' });

      await says(page, 'Your subscription has ended');
      await page.getByText('Everything is kept').waitFor();
    }));

  test('is added to an account that there is already', () =>
    visit(async (page) => {
      await arrive(page, await buy());
      const email = await complete(page);
      await page.getByText('Your account is set up').waitFor();

      await arrive(page, await buy());
      await page.getByRole('link', { name: /@/ }).first().waitFor();
      await page.getByRole('button', { name: 'Sign in instead' }).click();
      await page.getByLabel('Email').fill(email);
      await passwordField(page).fill(password);
      await page.getByRole('button', { name: 'Sign in and add it' }).click();

      await page.getByText('The purchase is added to your account.').waitFor();
      await says(page, 'Licenses');
      expect(await page.getByRole('heading', { level: 3 }).count()).toBe(2);
    }));
});
