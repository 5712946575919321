import { LocalMetrics } from '../local/aws/metrics.ts';

export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** Reads the text format of Prometheus. Throws on a line that is none. */
function samplesOf(text: string): Sample[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !/^# (HELP|TYPE) \w+ /.test(line))
    .map((line) => {
      const [, name = '', labels = '', value = ''] =
        /^(\w+)(?:\{(.*)\})? ([-+.\deEInfNa]+)$/.exec(line) ?? [];
      if (name === '') throw new Error(`Not a line of Prometheus: ${line}`);
      const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(
        ([, key = '', text = '']) => [key, text] as const,
      );
      return { name, labels: Object.fromEntries(pairs), value: Number(value) };
    });
}

/** Finds the value of a line by the name of its metric and some of its labels. */
export function finder(text: string) {
  const samples = samplesOf(text);
  return (name: string, labels: object = {}) =>
    samples.find(
      (sample) =>
        sample.name === `tenantry_${name}` &&
        Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
    )?.value;
}

/** What a function logs to write a metric. */
export const emf = (metric: string, value: unknown, dimensions: Record<string, string> = {}) => ({
  functionId: 'Any',
  requestId: 'r',
  stream: 'stdout' as const,
  line: JSON.stringify({
    _aws: {
      Timestamp: 1,
      CloudWatchMetrics: [
        {
          Namespace: 'Tenantry/local',
          Dimensions: [['service', ...Object.keys(dimensions)]],
          Metrics: [{ Name: metric, Unit: 'Count' }],
        },
      ],
    },
    service: 'tenantry',
    ...dimensions,
    [metric]: value,
  }),
});

/** What Prometheus would read after functions wrote these lines. */
export const readAfter = async (...lines: Parameters<LocalMetrics['takeLog']>[0][]) => {
  const metrics = new LocalMetrics({ queues: async () => [] });
  for (const line of lines) metrics.takeLog(line);
  const text = await metrics.text();
  return { text, find: finder(text) };
};
