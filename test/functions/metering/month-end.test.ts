import { expect, it } from 'vitest';
import { hour, minute, travelTo } from '../../../harness/clock.ts';
import { allItems } from '../../../harness/items.ts';
import { modules, useMetering } from '../../../harness/metering/metering.ts';

const metering = useMetering();
const { buyer, report, meter } = metering;

const statusOf = async (licenseId: string, at: string) =>
  (await allItems()).find(
    ({ pk, sk }) => String(pk).endsWith(`#USAGE#${licenseId}`) && sk === `HOUR#${at}#api_calls`,
  )?.status;

it('reports the last hours of a month until 06:00 of the first, and later gives them up', async () => {
  const newYear = Date.UTC(2027, 0, 1);
  for (const [late, status] of [
    [6 * hour - 2 * minute, 'Success'],
    [6 * hour, 'EXPIRED'],
  ] as const) {
    travelTo(newYear - 50 * minute);
    const { agreement, ...one } = await buyer();
    await report(one, { quantity: 5 });
    travelTo(newYear + late);
    await meter();
    expect(await statusOf(agreement.licenseId, '2026-12-31T23')).toBe(status);
    expect(await statusOf(agreement.licenseId, '2027-01-01T00')).toBe('Success');
  }
});

it('counts late usage of a month that is closed for its hour in the new one', async () => {
  const newYear = Date.UTC(2027, 0, 1);
  travelTo(newYear - 50 * minute);
  const { agreement, tenantId, ...one } = await buyer();
  travelTo(newYear + 2 * minute);
  await meter();
  const timestamp = new Date(newYear - minute).toISOString();
  expect(await report(one, { quantity: 3, timestamp })).toMatchObject({ status: 202 });
  travelTo(newYear + hour);
  await meter();

  const { usageOfMonth } = await modules();
  const { readLicenses } = await import('../../../shared/marketplace/access.ts');
  expect(metering.aws.billed.get(`${agreement.licenseId} api_calls 2027-01-01T00`)?.quantity).toBe(
    3,
  );
  expect((await usageOfMonth(tenantId, await readLicenses(tenantId), Date.now()))[0]).toMatchObject(
    {
      quantity: 3,
      period_start: '2027-01-01T00:00:00.000Z',
    },
  );
});
