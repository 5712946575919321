import { randomUUID } from 'node:crypto';
import type { Locator, Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { heading, passwordField, useSite } from './site.ts';

const password = 'correct horse battery staple';
const { system, visit } = useSite();

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
  await page.getByRole('heading', { name: 'No detections yet' }).waitFor();
}

async function createApiKey(page: Page, name: string): Promise<string> {
  await page.getByLabel('Name').fill(name);
  await page.getByRole('button', { name: 'Create API key' }).click();
  await page.getByText(`${name} is ready.`).waitFor();
  return textOf(page.getByRole('textbox', { name: 'API key' }));
}

/** What a sensor does; answers with the status. */
async function ingest(apiKey: string, detections: readonly object[]): Promise<number> {
  const headers = { 'x-api-key': apiKey };
  const sent = await system.send('POST', '/api/v1/detections', { body: { detections }, headers });
  return sent.status;
}

const oneDetection = [{ source_ip: '198.51.100.1', label: 'port-scan', probability: 0.5 }];

const errorOf = async (page: Page, label: string) => {
  const field = page.getByLabel(label, { exact: true });
  expect(await field.getAttribute('aria-invalid')).toBe('true');
  return textOf(page.locator(`#${await field.getAttribute('aria-describedby')}`));
};

describe('a buyer in a browser', { timeout: 60_000 }, () => {
  test('comes from AWS Marketplace and sees their own detections', () =>
    visit(async (page) => {
      const email = newEmail();
      await buyAndSetUp(page, '111122223333');
      expect(new URL(page.url()).hash).toBe('');
      await completeProfile(page, email, 'Northwind Freight');
      await page.getByText('your subscription is active').waitFor();
      expect(await textOf(page.locator('#account'))).toMatch(/Northwind Freight.*Active/);

      const key = await createApiKey(page, 'Sensor in Berlin');
      expect(await textOf(page.getByRole('textbox', { name: 'command' }))).toContain(key);
      const now = Date.now();
      const detections = Array.from({ length: 60 }, (_, index) => ({
        ts: new Date(now - index * 60_000).toISOString(),
        source_ip: '203.0.113.9',
        label: index % 2 ? 'benign' : 'port-scan',
        probability: index % 2 ? 0.2 : 0.97,
      }));
      expect(await ingest(key, detections)).toBe(202);
      await page.getByRole('button', { name: 'Check for detections' }).click();

      const rows = page.locator('.results tbody tr');
      await rows.first().waitFor();
      expect(await rows.count()).toBe(50);
      expect(await textOf(rows.first())).toMatch(/port-scan.*97%.*203\.0\.113\.9/);
      expect(await rows.first().getByRole('time').getAttribute('title')).toMatch(/ UTC$/);

      await page.getByRole('button', { name: 'Load more' }).click();
      await page.getByText('No older detections.').waitFor();
      expect(await rows.count()).toBe(60);

      await page.getByLabel('Label').fill('port-scan');
      await page.getByLabel('At least, %').fill('90');
      await page.getByRole('button', { name: 'Apply' }).click();
      await page.getByText('30 detections, all of them').waitFor();
      expect(await rows.count()).toBe(30);
    }));

  test('sees nothing of another tenant', () =>
    visit(async (page) => {
      await buyAndSetUp(page, '444455556666');
      await completeProfile(page, newEmail(), 'Fabrikam');
      const key = await createApiKey(page, 'Ours');
      expect(await ingest(key, oneDetection)).toBe(202);
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByText('You are signed out.').waitFor();

      await buyAndSetUp(page, '777788889999');
      await completeProfile(page, newEmail(), 'Contoso');

      expect(await page.locator('.results tbody tr').count()).toBe(0);
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
      await page.getByRole('heading', { name: 'No detections yet' }).waitFor();
      await page.getByRole('button', { name: 'Sign out' }).click();
      await heading(page, 'Sign in').waitFor();
      expect(await page.evaluate(() => sessionStorage.getItem('refresh_token'))).toBeNull();

      await page.getByLabel('Email').fill(email);
      await passwordField(page).fill('not the password');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByText('The email or the password is wrong.').waitFor();
      await passwordField(page).fill(password);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('heading', { name: 'No detections yet' }).waitFor();
    }));

  test('manages API keys', () =>
    visit(async (page) => {
      await buyAndSetUp(page, '222233334444');
      await completeProfile(page, newEmail(), 'Tailspin');
      await page.getByRole('link', { name: 'API keys' }).click();
      await page.getByText('There is no API key yet.').waitFor();

      const key = await createApiKey(page, 'Old sensor');
      await page.getByRole('button', { name: 'Delete Old sensor' }).click();
      await page.getByRole('button', { name: 'Delete key' }).click();
      await page.getByText('There is no API key yet.').waitFor();

      expect(await ingest(key, oneDetection)).toBe(401);
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
      await page.getByRole('heading', { name: 'No detections yet' }).waitFor();
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
