import type { Meter } from '../contract/meters.ts';
import type { LicenseItem } from '../marketplace/items.ts';
import { TtlCache } from '../runtime/ttl-cache.ts';
import type { Write } from '../table/table.ts';
import { meterShards, type Slot, shardWrites } from './counters.ts';
import { type Hour, hourMs, hourOf, hoursAfter } from './hours.ts';
import { dimensionsFor, meteredLicensesOf } from './lookup.ts';

/** What counts usage of a tenant by a meter, in the transactions of the feature that causes it. */
export interface UsageRecorder {
  /** As many writes as usage takes at most; 0 for a tenant that pays for none. */
  readonly writeCount: number;
  /** The writes that count so many, for one transaction. */
  usageWrites(quantity: number): UsageWrites;
}

export interface UsageWrites {
  readonly writes: readonly Write[];
  /** Call it once they are written. */
  written(): void;
  /** Call it when one of them failed, then ask for new ones: the hour was sealed in between. */
  refused(): Promise<void>;
}

/** Counters that this container has counted in, so that they are open until a write of them fails. */
const open = new TtlCache<true>({ maxAgeMs: hourMs, maxWeight: 10_000 });
const nameOf = ({ licenseId, dimension, hour }: Slot, shard: number) =>
  `${licenseId}/${dimension.key}/${hour}/${shard}`;

/**
 * The way to count what a feature has done for a tenant: towards the oldest active license that
 * sells it. The licenses are remembered for at most 30 seconds, so that there is mostly nothing to
 * wait for; a tenant without such a license costs nothing more. Stores nothing.
 */
export async function usageRecorder(tenantId: string, meter: Meter): Promise<UsageRecorder> {
  const slotsAt = (licenses: readonly LicenseItem[], hour: Hour): Slot[] => {
    const active = licenses.filter(({ status }) => status === 'ACTIVE');
    const license = active.find((one) => dimensionsFor(one, meter).length > 0);
    if (!license) return [];
    const { license_id: licenseId } = license;
    return dimensionsFor(license, meter).map((dimension) => ({
      tenantId,
      licenseId,
      dimension,
      hour,
    }));
  };
  let slots = slotsAt(await meteredLicensesOf(tenantId), hourOf(Date.now()));
  return {
    writeCount: 2 * slots.length,
    usageWrites: (quantity) => {
      const counted = slots;
      const shard = Math.floor(Math.random() * meterShards);
      return {
        writes: counted.flatMap((slot) => {
          const isKnown = open.get(nameOf(slot, shard)) === true;
          return shardWrites(slot, quantity, { shard, isKnown });
        }),
        written: () => {
          for (const slot of counted) open.set(nameOf(slot, shard), true);
        },
        refused: async () => {
          for (const slot of counted) open.delete(nameOf(slot, shard));
          // Another part of the same report has gone on already.
          if (slots !== counted) return;
          const licenses = await meteredLicensesOf(tenantId, { isFresh: true });
          const current = hourOf(Date.now());
          const [{ hour } = { hour: current }] = counted;
          slots = slotsAt(licenses, current > hour ? current : hoursAfter(hour, 1));
        },
      };
    },
  };
}
