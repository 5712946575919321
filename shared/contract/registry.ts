import { features } from '../features.ts';
import type { ItemKind, KeyFamily } from '../table/family.ts';
import type { AuditKind } from './audit.ts';
import type { BackgroundFunction } from './background.ts';
import type { Bucket } from './buckets.ts';
import type { Endpoint, Needs } from './endpoint.ts';
import type { ErrorKind } from './errors.ts';
import type { EventKind } from './events.ts';
import type { Feature } from './feature.ts';
import type { Limit } from './limits.ts';
import type { MailKind } from './mails.ts';
import type { Meter } from './meters.ts';
import type { Metric, ValueSource } from './metrics.ts';
import type { Operation } from './operations.ts';
import type { MessageQueue } from './queues.ts';
import type { KmsKey, Secret } from './secrets.ts';
import type { Setting } from './settings.ts';

/** What all features have of one kind. */
const all = <T>(of: (feature: Feature) => readonly T[] | undefined): readonly T[] =>
  features.flatMap((feature) => of(feature) ?? []);

/** The same by name. Throws when manifests have two of one name. */
function byName<T>(
  kind: string,
  of: (feature: Feature) => readonly T[] | undefined,
  nameOf: (one: T) => string,
): ReadonlyMap<string, T> {
  const found = new Map<string, T>();
  const owners = new Map<string, string>();
  for (const feature of features)
    for (const one of of(feature) ?? []) {
      const name = nameOf(one);
      const owner = owners.get(name);
      if (owner !== undefined)
        throw new Error(
          `The ${kind} ${name} is in the manifests of ${owner} and ${feature.id}: there may be one of a name.`,
        );
      owners.set(name, feature.id);
      found.set(name, one);
    }
  return found;
}

byName(
  'feature',
  (feature) => [feature],
  ({ id }) => id,
);
// Each is a file below functions/.
byName(
  'function',
  ({ endpoints = [], workers = [] }) => [...endpoints, ...workers],
  ({ id }) => id,
);
// Grants are put together by the names of families.
byName(
  'key family',
  (feature) => feature.families,
  ({ name }) => name,
);

/** What it takes to publish events: the needs of every feature that hears of them. */
const hearing = all(({ hearing: needs }) => (needs ? [needs] : undefined));
/** What it takes to write mail. */
const outbox = all(({ outbox: needs }) => (needs ? [needs] : undefined));

/** What it takes to leave entries in the audit log. */
const auditing = all(({ auditing: needs }) => (needs ? [needs] : undefined));

/** An entry with what it needs for its events, its mail and its audit entries. */
function withNeeds<E extends Needs>(entry: E): E {
  const implied = [
    ...(entry.publishes?.length ? hearing : []),
    ...(entry.mails?.length ? outbox : []),
    ...(entry.audits?.length ? auditing : []),
  ];
  if (implied.length === 0) return entry;
  const together = <T>(of: (needs: Needs) => readonly T[] | undefined): T[] => [
    ...new Set([entry, ...implied].flatMap((needs) => of(needs) ?? [])),
  ];
  return {
    ...entry,
    table: together(({ table }) => table),
    queues: together(({ queues }) => queues),
    secrets: together(({ secrets }) => secrets),
  };
}

/** Every endpoint of the API, in the order in which the documents list them. */
export const endpoints: readonly Endpoint[] = all((feature) => feature.endpoints?.map(withNeeds));

/** The endpoints that exist in a stage. */
export function endpointsOf(stage: string): readonly Endpoint[] {
  return stage === 'local' ? endpoints : endpoints.filter((endpoint) => !endpoint.localOnly);
}

/** Everything that operators do, by its command. */
export const operations: ReadonlyMap<string, Operation> = byName(
  'command',
  (feature) => feature.operations?.map(withNeeds),
  ({ command }) => command,
);

/** Every function that no route leads to: consumers of queues, those that run by a schedule, operations. */
export const workers: readonly BackgroundFunction[] = [
  ...all((feature) => feature.workers?.map(withNeeds)),
  ...operations.values(),
];

/** Every expected error, by its code. */
export const errorKinds: ReadonlyMap<string, ErrorKind> = byName(
  'error',
  ({ errors }) => errors,
  ({ code }) => code,
);

/** Every limit, by its name. */
export const limits: ReadonlyMap<string, Limit> = byName(
  'limit',
  (feature) => feature.limits,
  ({ name }) => name,
);

/** Every kind of partition keys. */
export const families: readonly KeyFamily[] = [
  ...byName(
    'key pattern',
    (feature) => feature.families,
    ({ pattern }) => pattern,
  ).values(),
];

/** Every kind of item in the table. */
export const items: readonly ItemKind[] = all((feature) => feature.items);

/** Every event, by its type. */
export const eventKinds: ReadonlyMap<string, EventKind> = byName(
  'event',
  ({ events }) => events,
  ({ type }) => type,
);

/** Everything that leaves an audit entry, by its type. */
export const auditKinds: ReadonlyMap<string, AuditKind> = byName(
  'audit kind',
  (feature) => feature.auditKinds,
  ({ type }) => type,
);

/** Every metric, by its name. */
export const metrics: ReadonlyMap<string, Metric> = byName(
  'metric',
  (feature) => feature.metrics,
  ({ name }) => name,
);

/** Every mail that the product sends, by its id. */
export const mailKinds: ReadonlyMap<string, MailKind> = byName(
  'mail',
  (feature) => feature.mails,
  ({ id }) => id,
);

/** Everything that features count for sale, by its name. */
export const meters: ReadonlyMap<string, Meter> = byName(
  'meter',
  (feature) => feature.meters,
  ({ name }) => name,
);

/** Every queue, by its name. */
export const queues: ReadonlyMap<string, MessageQueue> = byName(
  'queue',
  (feature) => feature.queues,
  ({ name }) => name,
);

export const secrets: ReadonlyMap<string, Secret> = byName(
  'secret',
  (feature) => feature.secrets,
  ({ name }) => name,
);

export const kmsKeys: ReadonlyMap<string, KmsKey> = byName(
  'KMS key',
  (feature) => feature.kmsKeys,
  ({ name }) => name,
);

export const buckets: ReadonlyMap<string, Bucket> = byName(
  'bucket',
  (feature) => feature.buckets,
  ({ name }) => name,
);

/** Every setting, by its environment variable. */
export const settings: ReadonlyMap<string, Setting> = byName(
  'setting',
  (feature) => feature.settings,
  ({ variable }) => variable,
);

/** Every scope of API keys, by its name. */
export const scopes = byName(
  'scope',
  (feature) => feature.scopes,
  ({ name }) => name,
);

/** Every kind of ids, by its prefix. */
export const idKinds = byName(
  'id prefix',
  ({ ids }) => ids,
  ({ prefix }) => prefix,
);

/** All values that a dimension may have. */
export function valuesOf(source: ValueSource): readonly string[] {
  if (typeof source !== 'string') return source;
  switch (source) {
    case 'endpoints':
      return endpoints.map(({ id }) => id);
    case 'queues':
      return [...queues.keys()];
    case 'schedules':
      return workers.flatMap(({ id, schedule }) => (schedule ? [id] : []));
  }
}

/** How many metrics CloudWatch counts, and bills, at most: one for each combination of values. */
export function seriesOf({ dimensions }: Metric): number {
  return Object.values(dimensions).reduce(
    (product, source) => product * valuesOf(source).length,
    1,
  );
}
