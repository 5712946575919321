import { expect, it } from 'vitest';
import { emf, finder, readAfter } from '../../../harness/prometheus.ts';

it('syncs are counted by reason, and those that are due are the latest number', async () => {
  const { find, text } = await readAfter(
    emf('SyncsFailed', 1, { reason: 'wrong_key' }),
    emf('SyncsFailed', 1, { reason: 'wrong_key' }),
    emf('SyncsFailed', 1, { reason: 'internal_error' }),
    emf('SyncsFailed', 1, { reason: 'tnt_1' }),
    emf('SyncsDue', 7),
    emf('SyncsDue', 3),
    emf('SyncedProducts', 250),
  );

  expect(find('syncs_failed_total', { reason: 'wrong_key' })).toBe(2);
  expect(find('syncs_failed_total', { reason: 'internal_error' })).toBe(1);
  expect(find('syncs_failed_total', { reason: 'other' })).toBe(1);
  expect(text).not.toContain('tnt_1');
  expect(find('syncs_due')).toBe(3);
  expect(find('synced_products_total')).toBe(250);
  expect(finder(text)('syncs_failed_total', { reason: 'nothing' })).toBeUndefined();
});
