import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';

const usualPlaces = ['/usr/bin/chromium', '/usr/bin/google-chrome'];

/** The browser of this machine: the one that CHROMIUM_PATH names, or one in its usual place. */
export const chromiumPath =
  process.env.CHROMIUM_PATH || usualPlaces.find((path) => existsSync(path));

export const noBrowser = 'no Chromium on this machine: install it, or name it in CHROMIUM_PATH';

/** Starts it without a window, and without anything that it would tell the world by itself. */
export function startBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** What a page did that no page of the product may do. */
export interface Watched {
  readonly page: Page;
  /** Violations of the Content-Security-Policy, script errors, and other errors on the console. */
  readonly complaints: string[];
  /** Addresses that it asked for outside the site. */
  readonly strangers: string[];
}

/** Opens a tab that nobody is signed in on. */
export async function openTab(browser: Browser, site: string): Promise<Watched> {
  const context = await browser.newContext({ baseURL: site, locale: 'en-GB' });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  const strangers: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    // The console repeats every 4xx and 503, and those are answers like any other.
    const isRefusal = /the server responded with a status of (4\d\d|503)/.test(message.text());
    if (message.type() === 'error' && !isRefusal) complaints.push(message.text());
  });
  page.on('request', (request) => {
    const { protocol, origin } = new URL(request.url());
    if (/^(https?|wss?):$/.test(protocol) && origin !== site) strangers.push(request.url());
  });
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      console.error(`${event.violatedDirective} refused ${event.blockedURI}`);
    });
  });
  return { page, complaints, strangers };
}
