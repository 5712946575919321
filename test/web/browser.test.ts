import { randomUUID } from 'node:crypto';
import type { Locator, Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import type { AccountPage } from '../../web/app/app.ts';
import { accountPagesOf } from '../../web/app/pages.ts';
import { features } from '../../web/features.ts';
import { createApiKey, flawsOf, heading, passwordField, setRole, signIn, useSite } from './site.ts';
import { bundleWithoutFeatures } from './without-features.ts';

const password = 'correct horse battery staple';
const { system, visit } = useSite();

const pages = accountPagesOf(features);
const topPages = pages.filter(({ parent }) => !parent);
const startTitle = String(pages.find(({ path }) => path === '/')?.title);

const textOf = async (locator: Locator) => (await locator.textContent()) ?? '';
const newEmail = () => `${randomUUID()}@example.com`;

/** Buys the product as an AWS account and follows "Set up your account" to the welcome page. */
async function buyAndSetUp(page: Page, account: string): Promise<void> {
  await page.goto('/_local/');
  await page.getByLabel('AWS account').fill(account);
  await page.getByRole('button', { name: 'Subscribe' }).click();
  await page
    .locator('#subscribed')
    .getByRole('button', { name: 'Set up your account', exact: true })
    .click();
  await heading(page, 'Set up your account').waitFor();
}

async function completeProfile(page: Page, email: string, company: string): Promise<void> {
  await page.getByLabel('Email').fill(email);
  await passwordField(page).fill(password);
  await page.getByLabel('Company name').fill(company);
  await page.getByRole('button', { name: 'Complete setup' }).click();
  await heading(page, startTitle).waitFor();
  await page.locator('#account').getByText('Active', { exact: true }).waitFor();
}

/** Waits until nothing on the page is being read. */
const settled = (page: Page) =>
  expect.poll(() => page.locator('main [aria-busy]').count(), { timeout: 20_000 }).toBe(0);

async function openApiKeys(page: Page): Promise<void> {
  await page.getByRole('navigation').getByRole('link', { name: 'API keys' }).click();
  await heading(page, 'API keys').waitFor();
}

const errorOf = async (page: Page, label: string) => {
  const field = page.getByLabel(label, { exact: true });
  expect(await field.getAttribute('aria-invalid')).toBe('true');
  return textOf(page.locator(`#${await field.getAttribute('aria-describedby')}`));
};

describe('a buyer in a browser', { timeout: 60_000 }, () => {
  test('comes from AWS Marketplace and gets an account', () =>
    visit(async (page) => {
      await buyAndSetUp(page, '111122223333');
      expect(new URL(page.url()).hash).toBe('');
      await completeProfile(page, newEmail(), 'Northwind Freight');
      await page.getByText('your subscription is active').waitFor();
      expect(await textOf(page.locator('#account'))).toMatch(/Northwind Freight.*Active/);
    }));

  test('sees nothing of another tenant', () =>
    visit(async (page) => {
      await buyAndSetUp(page, '444455556666');
      await completeProfile(page, newEmail(), 'Fabrikam');
      await openApiKeys(page);
      await createApiKey(page, 'Ours');
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByText('You are signed out.').waitFor();

      await buyAndSetUp(page, '777788889999');
      await completeProfile(page, newEmail(), 'Contoso');

      await openApiKeys(page);
      await page.getByText('There is no API key yet.').waitFor();
      expect(await textOf(page.locator('#account'))).toContain('Contoso');
    }));

  test('is told what is wrong beside each field', () =>
    visit(async (page) => {
      await buyAndSetUp(page, '123412341234');

      await page.getByRole('button', { name: 'Complete setup' }).click();
      expect(await errorOf(page, 'Email')).toBe('Email is missing.');
      expect(await errorOf(page, 'Password')).toBe('Password is missing.');
      expect(await page.evaluate(() => document.activeElement?.getAttribute('name'))).toBe('email');

      await page.getByLabel('Email').fill('buyer@example');
      await passwordField(page).fill('seven77');
      await page.getByRole('button', { name: 'Complete setup' }).click();
      expect(await errorOf(page, 'Password')).toBe('Password has fewer than 8 characters.');

      await passwordField(page).fill(password);
      await page.getByLabel('Company name').fill('x');
      await page.getByRole('button', { name: 'Complete setup' }).click();
      await page.getByText('Email is not an email address.').waitFor();
      expect(await errorOf(page, 'Company name (optional)')).toBe(
        'Company name has fewer than 2 characters.',
      );
      expect(await passwordField(page).getAttribute('aria-invalid')).toBeNull();

      await completeProfile(page, newEmail(), 'Third Time Lucky');
    }));

  test('is sent back to AWS Marketplace when the ticket is missing or spoilt', () =>
    visit(async (page) => {
      await page.goto('/welcome');
      await heading(page, 'Start from AWS Marketplace').waitFor();
      await page.getByRole('link', { name: 'Sign in to an existing account' }).waitFor();
      expect(await page.getByRole('link', { name: /@/ }).first().getAttribute('href')).toMatch(
        /^mailto:/,
      );

      await page.goto('about:blank');
      await page.goto('/welcome#ticket=spoilt');
      await heading(page, 'Set up your account').waitFor();
      await page.getByLabel('Email').fill(newEmail());
      await passwordField(page).fill(password);
      await page.getByRole('button', { name: 'Complete setup' }).click();

      await heading(page, 'Start from AWS Marketplace').waitFor();
      await page.getByText('invalid or has expired').waitFor();
    }));

  test('finds the page for those who did not come from AWS Marketplace', () =>
    visit(async (page) => {
      await page.goto('/marketplace/register');
      await page.getByText('Set up your account').waitFor();
      const main = page.getByRole('main');
      expect(await main.evaluate((element) => getComputedStyle(element).maxWidth)).toBe('576px');

      await page.getByRole('link', { name: 'Sign in' }).click();
      await heading(page, 'Sign in').waitFor();
    }));

  test('signs up, comes back after a reload, and signs out', () =>
    visit(async (page) => {
      const email = newEmail();
      await page.goto('/sign-up');
      await page.getByLabel('Email').fill(email);
      await passwordField(page).fill(password);
      await page.getByLabel('Company name').fill('Adventure Works');
      await page.getByRole('button', { name: 'Create account' }).click();
      await page.getByText('Your account is ready.').waitFor();

      await page.reload();
      await heading(page, startTitle).waitFor();
      await page.getByRole('button', { name: 'Sign out' }).click();
      await heading(page, 'Sign in').waitFor();
      expect(await page.evaluate(() => sessionStorage.getItem('refresh_token'))).toBeNull();

      await page.getByLabel('Email').fill(email);
      await passwordField(page).fill('not the password');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByText('The email or the password is wrong.').waitFor();
      await passwordField(page).fill(password);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await heading(page, startTitle).waitFor();
    }));

  test('manages API keys', () =>
    visit(async (page) => {
      await buyAndSetUp(page, '222233334444');
      await completeProfile(page, newEmail(), 'Tailspin');
      await openApiKeys(page);
      await page.getByText('There is no API key yet.').waitFor();

      expect(await createApiKey(page, 'Old sensor')).toMatch(/./);
      await page.getByRole('button', { name: 'Delete Old sensor' }).click();
      await page.getByRole('button', { name: 'Delete key' }).click();
      await page.getByText('There is no API key yet.').waitFor();
    }));

  test('keeps the session of a tab that was duplicated', () =>
    visit(async (page) => {
      await buyAndSetUp(page, '555566667777');
      await completeProfile(page, newEmail(), 'Wingtip');

      const [copy] = await Promise.all([
        page.waitForEvent('popup'),
        page.evaluate(() => void window.open(location.href)),
      ]);
      await heading(copy, 'Sign in').waitFor();

      await page.reload();
      await heading(page, startTitle).waitFor();
    }));
});

describe('the navigation on a phone', { timeout: 60_000 }, () => {
  test('opens from a button, closes with Escape, and no page is wider than the screen', () =>
    visit(async (page) => {
      await page.setViewportSize({ width: 360, height: 740 });
      await signIn(page, await system.newOwner(), { at: '/', title: startTitle });
      await settled(page);
      const menu = page.getByRole('button', { name: 'Menu' });
      expect(await page.getByRole('navigation').isVisible()).toBe(false);

      await menu.press('Enter');
      await page.getByRole('link', { name: 'API keys' }).waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('navigation').waitFor({ state: 'hidden' });
      expect(await menu.evaluate((button) => button === document.activeElement)).toBe(true);

      for (const { title } of topPages) {
        await menu.click();
        await page.getByRole('navigation').getByRole('link', { name: title }).click();
        await heading(page, title).waitFor();
        await settled(page);
        expect(await page.getByRole('navigation').isVisible()).toBe(false);
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
        expect(await flawsOf(page)).toEqual([]);
      }
    }));
});

describe('a viewer in a browser', { timeout: 60_000 }, () => {
  test('is offered what is for them, and told why the rest is not', () =>
    visit(async (page) => {
      const viewer = await system.newOwner();
      await setRole(system, viewer, 'viewer');
      const isTheirs = ({ roles }: AccountPage) => !roles || roles.includes('viewer');

      await signIn(page, viewer, { at: '/', title: startTitle });
      const links = page.getByRole('navigation').getByRole('link');
      await links.last().waitFor();
      const offered = topPages.filter(isTheirs).map(({ title }) => title);
      expect(await links.allTextContents()).toEqual([...offered, 'API docs']);

      for (const { path } of topPages.filter((one) => !isTheirs(one))) {
        await page.goto(path);
        await page.getByText('This page is not for your role').waitFor();
      }
    }));
});

describe('the app without any feature', { timeout: 60_000 }, () => {
  test('starts with what there is, styled by the core', () =>
    visit(async (page) => {
      const { script, styles } = await bundleWithoutFeatures();
      const contentType = 'text/javascript';
      await page.route('**/main.js', (route) => route.fulfill({ contentType, body: script }));
      await page.route('**/main.css', (route) =>
        route.fulfill({ contentType: 'text/css', body: styles }),
      );
      await signIn(page, await system.newOwner(), { at: '/', title: 'Start' });

      const links = page.getByRole('navigation').getByRole('link');
      await links.last().waitFor();
      expect(await links.allTextContents()).toEqual([
        'Start',
        'API keys',
        'Subscription',
        'API docs',
      ]);
      expect(await flawsOf(page)).toEqual([]);
      await page.getByRole('main').getByRole('link', { name: 'API keys' }).click();
      await heading(page, 'API keys').waitFor();
    }));
});

describe('the API documentation in a browser', { timeout: 60_000 }, () => {
  test('renders under the policy and asks nobody else', () =>
    visit(async (page) => {
      await page.goto('/docs');
      await page.locator('.swagger-ui .info .title').waitFor();

      const operations = page.locator('.opblock');
      expect(await operations.count()).toBeGreaterThan(15);
      await page
        .locator('.opblock-summary-path', { hasText: '/marketplace/complete-profile' })
        .click();
      await page.locator('.opblock.is-open').getByText('registration_ticket').first().waitFor();
    }));
});
