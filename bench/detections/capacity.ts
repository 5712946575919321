import { claim, newEni, report } from '../../harness/detections/samples.ts';
import type { Tenant } from '../../harness/tenant.ts';
import { ingestDetections, listDetections } from '../../shared/detections/contract/detections.ts';
import { claimEnis } from '../../shared/detections/contract/enis.ts';
import { exportDetections } from '../../shared/detections/contract/export.ts';
import { detectionStatistics } from '../../shared/detections/contract/statistics.ts';
import { type CapacityCase, onceFor } from '../capacity-cases.ts';

/** Asks for detections of this quarter and the one before, when all that there are came in this one. */
const listOf = (count: number) => async (tenant: Tenant) => {
  await report(tenant, count);
  const now = new Date();
  const quarterStart = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - (now.getUTCMonth() % 3));
  const from = new Date(quarterStart - 1);
  return { query: { from: from.toISOString(), to: now.toISOString() } };
};

const detections = (count: number) =>
  Array.from({ length: count }, () => ({
    source_ip: '192.0.2.10',
    label: 'MALWARE',
    probability: 0.9,
    eni_id: 'eni-0123456789abcdef0',
  }));

export const capacityCases: readonly CapacityCase[] = [
  { endpoint: listDetections, when: '50 of this quarter', request: listOf(60) },
  { endpoint: listDetections, when: '10 of this quarter', request: listOf(10) },
  ...[1, 100].map((count) => ({
    endpoint: ingestDetections,
    when: count === 1 ? '1 detection' : `${count} detections`,
    request: () => ({ body: { detections: detections(count) } }),
  })),
  {
    endpoint: detectionStatistics,
    when: '100 detections of a day',
    request: async (tenant) => {
      await report(tenant, 100);
      // Of this month and the one before, whatever day it is.
      const now = new Date();
      const from = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 0));
      return { query: { from: from.toISOString().slice(0, 10) } };
    },
  },
  { endpoint: exportDetections, when: '50 of this quarter', request: onceFor(listOf(50)) },
  { endpoint: claimEnis, when: 'the first' },
  {
    endpoint: claimEnis,
    when: 'one more',
    request: async (tenant) => {
      await claim(tenant);
      return { body: { eni_ids: [newEni()] } };
    },
  },
];
