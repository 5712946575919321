import { expect } from 'vitest';
import type { Feature } from '../shared/contract/feature.ts';
import type { ValueSource } from '../shared/contract/metrics.ts';
import { metrics as definitions, valuesOf } from '../shared/contract/registry.ts';
import { type Emitted, metricsOf } from './emf.ts';
import { outputOf } from './output.ts';

/** The metrics that are written while the work is done. */
export const recorded = async (work: () => Promise<unknown>): Promise<Emitted[]> =>
  metricsOf(await outputOf(work));

/** Those of one name, as their value and their own dimensions. */
export const named = (metrics: readonly Emitted[], name: string) =>
  metrics
    .filter((metric) => metric.name === name)
    .map(({ value, dimensions: { service: _, ...dimensions } }) => ({ value, ...dimensions }));

/** Each must be one of the list, with its unit, dimensions and values, and must tell none of these ids. */
export function expectListed(metrics: readonly Emitted[], ids: readonly string[]): void {
  for (const { name, unit, namespace, dimensions, line } of metrics) {
    const definition = definitions.get(name);
    expect(definition, `${name} is not in the list`).toBeDefined();
    if (!definition) continue;
    expect(namespace).toBe('Tenantry');
    expect(unit).toBe(definition.kind === 'milliseconds' ? 'Milliseconds' : 'Count');
    const { service, ...own } = dimensions;
    expect(service).toBe('tenantry');
    expect(Object.keys(own).sort()).toEqual(Object.keys(definition.dimensions).sort());
    for (const [dimension, value] of Object.entries(own))
      expect(
        valuesOf(definition.dimensions[dimension] as ValueSource),
        `${name} ${dimension}`,
      ).toContain(value);
    for (const id of ids) expect(line).not.toContain(id);
  }
}

/** Names of the metrics of features that none of these is. */
export function unseenOf(
  features: readonly Pick<Feature, 'metrics'>[],
  metrics: readonly Emitted[],
): string[] {
  const seen = new Set(metrics.map(({ name }) => name));
  return features
    .flatMap((feature) => feature.metrics ?? [])
    .map(({ name }) => name)
    .filter((name) => !seen.has(name))
    .sort();
}
