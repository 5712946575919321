import { logLines } from './output.ts';

/** A metric as a function wrote it into its log. */
export interface Emitted {
  name: string;
  value: number;
  unit: string;
  namespace: string;
  dimensions: Record<string, string>;
  line: string;
}

interface Directive {
  Namespace: string;
  Dimensions: string[][];
  Metrics: { Name: string; Unit: string }[];
}

/** The metrics of an output. Throws on a line that is not one metric with one set of dimensions. */
export function metricsOf(output: string): Emitted[] {
  return logLines(output)
    .filter(({ _aws }) => _aws !== undefined)
    .map((line) => {
      const { CloudWatchMetrics } = line._aws as { CloudWatchMetrics: Directive[] };
      const [directive] = CloudWatchMetrics;
      const [metric] = directive?.Metrics ?? [];
      const sets = directive?.Dimensions ?? [];
      if (!directive || !metric || CloudWatchMetrics.length + directive.Metrics.length > 2)
        throw new Error('A line has another number of metrics than one');
      if (sets.length !== 1)
        throw new Error(`${metric.Name} has ${sets.length} sets of dimensions`);
      return {
        name: metric.Name,
        value: Number(line[metric.Name]),
        unit: metric.Unit,
        namespace: directive.Namespace,
        dimensions: Object.fromEntries(sets[0]?.map((name) => [name, String(line[name])]) ?? []),
        line: JSON.stringify(line),
      };
    });
}
