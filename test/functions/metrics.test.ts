import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { minute, travel } from '../../harness/clock.ts';
import { Agreement, deliverEvents } from '../../harness/marketplace/agreements.ts';
import { expectListed, named, recorded, unseenOf } from '../../harness/metrics.ts';
import { useWorld } from '../../harness/world.ts';
import {
  latency,
  messagesFailed,
  messagesReceived,
  scheduledRuns,
} from '../../shared/contract/core-metrics.ts';
import { metrics as definitions, valuesOf, workers } from '../../shared/contract/registry.ts';
import { features } from '../../shared/features.ts';
import { signInRefused } from '../../shared/identity/metrics.ts';
import * as mailMetrics from '../../shared/mail/metrics.ts';
import * as meteringMetrics from '../../shared/metering/metrics.ts';

const world = useWorld();

describe('the metrics of a whole journey', () => {
  it('are those of the list, with dimensions that are bounded and never an id', async () => {
    const member = await world.signUp();
    const now = new Date().toISOString();

    const metrics = await recorded(async () => {
      await world.send('GET', '/api/v1/tenants/me', { token: member.access_token });
      await world.login(member.email, 'a wrong password');
      world.awsAnswers('ResolveCustomer', () => ({ error: 'DisabledApiException' }));
      await world.send('POST', '/marketplace/register', {
        body: { 'x-amzn-marketplace-token': 'a-token' },
      });
      const agreement = new Agreement(world);
      await deliverEvents(agreement.created(), agreement.told('Purchase Agreement Reborn', now));
      const login = await world.refresh(member.refresh_token);
      travel(minute);
      await world.refresh(member.refresh_token);
      expect(login.status).toBe(200);
    });

    expect(metrics.length).toBeGreaterThan(7);
    expectListed(metrics, [member.tenantId, member.userId, member.sessionId, member.email]);
    const core = features.filter(({ isCore }) => isCore);
    // What fails, runs by a schedule, or is sent and metered, a journey through the API does not see.
    const ofWorkers = [
      messagesFailed,
      scheduledRuns,
      ...Object.values(mailMetrics),
      ...Object.values(meteringMetrics),
    ];
    const names = ofWorkers.flatMap((one) => ('name' in one ? one.name : []));
    expect(unseenOf(core, metrics)).toEqual(names.sort());
  });
});

describe('the list', () => {
  it('names no dimension after an id, and bounds each', () => {
    for (const [name, { dimensions }] of definitions)
      for (const [dimension, source] of Object.entries(dimensions)) {
        expect(dimension, name).not.toMatch(/id$|tenant|user|email|address/);
        const values = valuesOf(source);
        // Only features have queues and schedules.
        const isOfWorkers = source === 'queues' || source === 'schedules';
        if (!isOfWorkers || workers.length > 0) expect(values.length, name).toBeGreaterThan(0);
        expect(new Set(values).size, name).toBe(values.length);
      }
  });

  it('has the workers by the ids that they write', () => {
    for (const id of valuesOf('schedules')) {
      const source = readFileSync(new URL(`../../functions/${id}.ts`, import.meta.url), 'utf8');
      expect(source).toContain(`handleSchedule('${id}',`);
    }
  });

  it('is all that can be written: other metrics, dimensions and words do not compile', async () => {
    const { recordMetric } = await import('../../shared/runtime/metrics.ts');
    const tenant_id = 'tnt_1';

    const metrics = await recorded(async () => {
      // @ts-expect-error -- it has no such dimension
      recordMetric(latency, 1, { endpoint: 'health/live', tenant_id });
      // @ts-expect-error -- it needs its dimension
      expect(() => recordMetric(messagesReceived, 1)).not.toThrow();
      // @ts-expect-error -- it has no dimensions
      recordMetric(signInRefused, 1, { tenant_id });
    });

    expect(metrics.map(({ line }) => line).join()).not.toContain(tenant_id);
  });
});

describe('a request', () => {
  it('that ends with an error of ours counts as a fault of its endpoint, and others do not', async () => {
    const { access_token: token } = await world.signUp();

    const well = await recorded(async () => {
      await world.send('GET', '/api/v1/tenants/me', { token });
      await world.send('DELETE', '/api/v1/api-keys/key_1', { token });
    });
    world.awsAnswers('ResolveCustomer', () => ({ error: 'DisabledApiException' }));
    const badly = await recorded(() =>
      world.send('POST', '/marketplace/register', { body: { 'x-amzn-marketplace-token': 'x' } }),
    );

    expect(named(well, 'Latency')).toMatchObject([
      { endpoint: 'tenants/get-mine' },
      { endpoint: 'api-keys/delete' },
    ]);
    expect(named(well, 'Faults')).toEqual([]);
    expect(named(badly, 'Faults')).toEqual([{ value: 1, endpoint: 'marketplace/register' }]);
  });
});
