import { describe, expect, it, vi } from 'vitest';
import { hour, minute, travel } from '../../../harness/clock.ts';
import { allItems } from '../../../harness/items.ts';
import { Agreement, deliverEvents } from '../../../harness/marketplace/agreements.ts';
import { newKey, useMetering } from '../../../harness/metering/metering.ts';

const metering = useMetering();
const { world, buyer, meter, meterFinally } = metering;

const hoursOf = (license: string, dimension: string) =>
  [...metering.aws.billed.values()]
    .filter((one) => one.license === license && one.dimension === dimension)
    .map(({ hour: at, quantity }) => `${at} ${quantity}`);
const detect = (apiKey: string, ids: readonly string[]) =>
  world.send('POST', '/api/v1/detections', {
    apiKey,
    body: {
      detections: ids.map((id) => ({
        id,
        source_ip: '203.0.113.9',
        label: 'MALWARE',
        probability: 0.9,
      })),
    },
  });

describe('detections that are sold by the piece', () => {
  it('are counted when they are new, once, in the hour in which they came', async () => {
    const { agreement, apiKey } = await buyer();
    await detect(apiKey, ['a', 'b', 'c']);
    await detect(apiKey, ['b', 'c', 'd']);
    travel(hour);
    await detect(apiKey, ['a', 'e']);
    travel(hour);
    await meter();

    expect(hoursOf(agreement.licenseId, 'detections_ingested')).toEqual([
      '2026-12-15T06 4',
      '2026-12-15T07 1',
    ]);
  });

  it('are not lost when they come while their hour is sealed', async () => {
    const { agreement, apiKey } = await buyer();
    const { sealHour } = await import('../../../shared/metering/seal.ts');
    const { licenseId } = agreement;
    const license = (await allItems()).find(
      ({ pk, sk }) => String(pk).startsWith('METERED#') && sk === licenseId,
    );
    for (let index = 0; index < 20; index += 1) await detect(apiKey, [`early-${index}`]);
    await sealHour(license as never, 'detections_ingested', '2026-12-15T06');
    for (let index = 0; index < 20; index += 1) await detect(apiKey, [`late-${index}`]);
    travel(2 * hour);
    await meter();

    expect(hoursOf(licenseId, 'detections_ingested')).toEqual([
      '2026-12-15T06 20',
      '2026-12-15T07 20',
    ]);
  });

  it('take no more calls of the table than those of a tenant that pays for none', async () => {
    const { tableClient } = await import('../../../shared/table/table.ts');
    const paying = await buyer();
    const member = await world.signUp();
    const free = await newKey(world, member.access_token, ['detections:write']);
    const callsOf = async (apiKey: string) => {
      await detect(apiKey, ['warm']);
      const spy = vi.spyOn(tableClient, 'send');
      await detect(apiKey, ['cold']);
      const calls = spy.mock.calls.map(([command]) => command.constructor.name);
      const writes = spy.mock.calls.map(
        ([{ input }]) => (input as { TransactItems?: unknown[] }).TransactItems?.length ?? 1,
      );
      spy.mockRestore();
      return { calls, writes: writes.reduce((sum, one) => sum + one, 0) };
    };
    const [ofPaying, ofFree] = [await callsOf(paying.apiKey), await callsOf(free)];

    expect(ofPaying.calls).toEqual(ofFree.calls);
    // The counter's shard, and the hour where the shard is opened.
    expect(ofPaying.writes - ofFree.writes).toBeGreaterThanOrEqual(1);
    expect(ofPaying.writes - ofFree.writes).toBeLessThanOrEqual(2);
  });

  it('go on being counted for the license that renews theirs', async () => {
    const { agreement, apiKey } = await buyer();
    const next = new Agreement(world, { intent: 'RENEW', previousAgreementId: agreement.id });
    await detect(apiKey, ['a']);
    const at = new Date(Date.now() + minute).toISOString();
    travel(minute);
    await deliverEvents(agreement.ended('RENEWED', at));
    await meterFinally(agreement.licenseId);
    await deliverEvents(next.created(at), next.licenseUpdated(at));
    travel(minute);
    await detect(apiKey, ['b', 'c']);
    travel(hour);
    await meter();

    expect(metering.aws.sumOf(agreement.licenseId, 'detections_ingested')).toBe(1);
    expect(metering.aws.sumOf(next.licenseId, 'detections_ingested')).toBe(2);
  });
});
