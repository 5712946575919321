import { existsSync } from 'node:fs';
import { type RequestTo, type Sample, sampleOf } from '../harness/samples.ts';
import type { Tenant } from '../harness/tenant.ts';
import type { Endpoint } from '../shared/contract/endpoint.ts';
import { endpointsOf } from '../shared/contract/registry.ts';
import { features } from '../shared/features.ts';

/**
 * One way of calling an endpoint whose cost depends on what there is. The cases of an area stand in
 * `bench/<area>/capacity.ts` as `capacityCases`; an endpoint without any is measured by its sample.
 */
export interface CapacityCase {
  readonly endpoint: Endpoint;
  /** When this is the figure, where the endpoint has more than one. */
  readonly when?: string;
  /** The status of the answer, where it is not that of the sample. */
  readonly status?: number;
  /** Makes the request for a tenant, where it is not the sample; what it needs first is not measured. */
  readonly request?: (tenant: Tenant) => RequestTo | Promise<RequestTo>;
}

/** A case with nothing left to ask the sample for. */
export type Measured = Required<CapacityCase>;

/** A case for every endpoint that uses the table, in the order of the contract. */
export async function loadCases(samples: ReadonlyMap<string, Sample>): Promise<Measured[]> {
  const own: CapacityCase[] = [];
  for (const { id } of features) {
    if (!existsSync(new URL(`./${id}/capacity.ts`, import.meta.url))) continue;
    const found: { capacityCases: readonly CapacityCase[] } = await import(`./${id}/capacity.ts`);
    own.push(...found.capacityCases);
  }
  return endpointsOf('prod')
    .filter(({ table }) => table !== undefined)
    .flatMap((endpoint) => {
      const sample = sampleOf(samples, endpoint);
      const cases = own.filter((one) => one.endpoint.id === endpoint.id);
      return (cases.length > 0 ? cases : [{ endpoint }]).map((one) => ({
        when: '',
        status: sample.status,
        request: sample.request,
        ...one,
        endpoint,
      }));
    });
}

/** The same request whenever one is made for a tenant: it reads all that there is. */
export function onceFor(
  request: Measured['request'],
): (tenant: Tenant) => ReturnType<Measured['request']> {
  const made = new WeakMap<Tenant, ReturnType<Measured['request']>>();
  return (tenant) => {
    const known = made.get(tenant) ?? request(tenant);
    made.set(tenant, known);
    return known;
  };
}
