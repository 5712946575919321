import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { createApiKey, flawsOf, heading, setRole, signIn, useSite } from '../site.ts';

const { system, visit } = useSite();

/** What a sensor does; answers with the status. */
async function ingest(apiKey: string, detections: readonly object[]): Promise<number> {
  const headers = { 'x-api-key': apiKey };
  const sent = await system.send('POST', '/api/v1/detections', { body: { detections }, headers });
  return sent.status;
}

const oneDetection = [{ source_ip: '198.51.100.1', label: 'port-scan', probability: 0.5 }];

describe('detections in a browser', { timeout: 60_000 }, () => {
  test('appear once a sensor has reported them, page by page, and are filtered', () =>
    visit(async (page) => {
      await signIn(page, await system.newOwner(), { at: '/', title: 'Detections' });
      await page.getByRole('heading', { name: 'No detections yet' }).waitFor();
      const key = await createApiKey(page, 'Sensor in Berlin');
      expect(await page.getByRole('textbox', { name: 'command' }).textContent()).toContain(key);
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
      expect(await rows.first().textContent()).toMatch(/port-scan.*97%.*203\.0\.113\.9/);
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

  test('of another tenant are not to be seen', () =>
    visit(async (page) => {
      await signIn(page, await system.newOwner(), { at: '/', title: 'Detections' });
      expect(await ingest(await createApiKey(page, 'Ours'), oneDetection)).toBe(202);
      await page.getByRole('button', { name: 'Check for detections' }).click();
      await page.locator('.results tbody tr').first().waitFor();
      await page.getByRole('button', { name: 'Sign out' }).click();
      await heading(page, 'Sign in').waitFor();

      await signIn(page, await system.newOwner(), { at: '/', title: 'Detections' });
      await page.getByRole('heading', { name: 'No detections yet' }).waitFor();
      expect(await page.locator('.results tbody tr').count()).toBe(0);
    }));

  test('are refused from a sensor whose key is deleted', () =>
    visit(async (page) => {
      await signIn(page, await system.newOwner(), { at: '/api-keys', title: 'API keys' });
      const key = await createApiKey(page, 'Old sensor');
      await page.getByRole('button', { name: 'Delete Old sensor' }).click();
      await page.getByRole('button', { name: 'Delete key' }).click();
      await page.getByText('There is no API key yet.').waitFor();

      expect(await ingest(key, oneDetection)).toBe(401);
    }));

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

  test('leave a viewer nothing to change', () =>
    visit(async (page) => {
      const viewer = await system.newOwner();
      await setRole(system, viewer, 'viewer');

      await signIn(page, viewer, { at: '/', title: 'Detections' });
      await page.getByText('Ask one of them for a key.').waitFor();
      await page.getByText('None is claimed.').waitFor();
      expect(await page.getByRole('button', { name: 'Claim' }).count()).toBe(0);
    }));
});
