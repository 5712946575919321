import * as contract from '../../shared/detections/contract/detections.ts';
import * as enis from '../../shared/detections/contract/enis.ts';
import { exportDetections } from '../../shared/detections/contract/export.ts';
import { detectionStatistics } from '../../shared/detections/contract/statistics.ts';
import { eniClaimed } from '../../shared/detections/errors.ts';
import { type Sample, sample } from '../samples.ts';
import type { Tenant } from '../tenant.ts';

let serial = 0;
/** A network interface that nothing else has. */
export const newEni = (): string =>
  `eni-${(Date.now() * 1000 + ++serial).toString(16).padStart(17, '0').slice(-17)}`;

/** Reports detections of the tenant now, each with a new id. */
export async function report({ call }: Tenant, count = 2): Promise<void> {
  const one = { source_ip: '192.0.2.10', label: 'MALWARE', probability: 0.9 };
  const detections = Array.from({ length: count }, () => ({
    ...one,
    eni_id: 'eni-0123456789abcdef0',
  }));
  await call(contract.ingestDetections, { body: { detections } });
}

/** An interface that the tenant has claimed. */
export async function claim({ call }: Tenant): Promise<string> {
  const eniId = newEni();
  await call(enis.claimEnis, { body: { eni_ids: [eniId] } });
  return eniId;
}

const reported = async (tenant: Tenant) => {
  await report(tenant);
  return {};
};

export const samples: readonly Sample[] = [
  sample(contract.listDetections, { query: { limit: '1' }, arrange: reported }),
  sample(contract.ingestDetections),
  sample(detectionStatistics, { arrange: reported }),
  sample(exportDetections, { arrange: reported }),
  sample(enis.claimEnis, {
    arrange: () => ({ body: { eni_ids: [newEni()] } }),
    foreign: {
      arrange: async (tenant) => ({ body: { eni_ids: [newEni(), await claim(tenant)] } }),
      error: eniClaimed,
    },
  }),
  sample(enis.listEnis, {
    arrange: async (tenant) => {
      await claim(tenant);
      return {};
    },
  }),
  sample(enis.deleteEni, {
    arrange: async (tenant) => ({ path: { eni_id: await claim(tenant) } }),
  }),
  sample(contract.seedDetections),
];
