import { beforeAll, describe, expect, it } from 'vitest';
import { alarmsOf, rings, type Values } from '../alarms.ts';
import { synthesize, type Templates } from '../templates.ts';

let templates: Templates;
beforeAll(() => {
  templates = synthesize({ stage: 'prod' });
});

describe('an alarm on a share', () => {
  it.each<[string, Values, boolean]>([
    ['nothing has happened', {}, false],
    ['half of ten failed', { SyncsCompleted: 5, 'SyncsFailed seller_unavailable': 5 }, true],
    ['all of five failed', { 'SyncsFailed internal_error': 5 }, true],
    ['all of four failed', { 'SyncsFailed internal_error': 4 }, false],
    ['less than half failed', { SyncsCompleted: 6, 'SyncsFailed malformed_answer': 5 }, false],
  ])('of syncs: %s', (_, values, expected) => {
    expect(rings(templates, 'SyncFailures', values)).toBe(expected);
  });

  it('of syncs does not look at what tenants have to mend', () => {
    expect(() => rings(templates, 'SyncFailures', { 'SyncsFailed wrong_key': 1 })).toThrow();
  });
});

describe('the alarm on syncs that stand still', () => {
  const sweep = { 'ScheduledRuns products/sync-sweep': 6 };

  it.each<[string, Values, boolean]>([
    ['the sweep does not run', {}, true],
    ['nothing is due', { ...sweep, SyncsDue: 0 }, false],
    ['syncs are due and end', { ...sweep, SyncsDue: 3, SyncsCompleted: 1 }, false],
    ['syncs are due and fail', { ...sweep, SyncsDue: 3, 'SyncsFailed wrong_key': 1 }, false],
    ['syncs are due and none ends', { ...sweep, SyncsDue: 1 }, true],
  ])('%s', (_, values, expected) => {
    expect(rings(templates, 'NoSyncActivity', values)).toBe(expected);
  });

  it('does not take a run that was given up for one that has ended', () => {
    expect(() =>
      rings(templates, 'NoSyncActivity', {
        ...sweep,
        SyncsDue: 1,
        'SyncsFailed internal_error': 1,
      }),
    ).toThrow();
  });

  it('needs an hour of it', () => {
    const [, found] = alarmsOf(templates).find(([id]) => id.includes('NoSyncActivity')) ?? [];
    const periods = found?.Properties.Metrics.flatMap(
      ({ MetricStat }: { MetricStat?: { Period: number } }) => MetricStat?.Period ?? [],
    );

    expect(new Set(periods)).toEqual(new Set([1800]));
    expect(found?.Properties.EvaluationPeriods).toBe(2);
  });
});

describe('the worker of syncs', () => {
  it('queues its own next step, and is not stopped as a runaway', () => {
    expect(templates.api.Resources.ProductsSyncWorker?.Properties.RecursiveLoop).toBe('Allow');
  });
});
