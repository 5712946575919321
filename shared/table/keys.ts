/**
 * The keys of the one table, all of them.
 *
 * | item | pk | sk | series_pk / series_sk |
 * |---|---|---|---|
 * | tenant | TENANT#<tenant> | TENANT | |
 * | license of a tenant | TENANT#<tenant> | LICENSE#<license> | |
 * | member of a tenant | TENANT#<tenant> | MEMBER#<user> | |
 * | API key of a tenant | TENANT#<tenant> | APIKEY#<key> | |
 * | revision of a tenant's API keys | TENANT#<tenant> | APIKEYS | |
 * | webhook of a tenant | TENANT#<tenant> | WEBHOOK#<webhook> | |
 * | number of webhooks | TENANT#<tenant> | WEBHOOKS | |
 * | session of a member | TENANT#<tenant>#USER#<user> | SESSION#<session> | |
 * | detection | TENANT#<tenant>#DETECTION#<detection> | DETECTION | TENANT#<tenant>#DETECTIONS#<quarter> / <ts>#<detection> |
 * | delivery to a webhook | TENANT#<tenant>#DELIVERY#<webhook> | <message> | DUE#webhooks#<shard> / <check at>#<message>, while pending |
 * | identity (password) | EMAIL#<hash> | IDENTITY | |
 * | membership of an identity | EMAIL#<hash> | TENANT#<tenant> | |
 * | address an account signed in from | EMAIL#<hash> | ADDRESS#<address> | |
 * | license → tenant | LICENSE#<license> | LICENSE | |
 * | API key → tenant | APIKEY#<hash> | APIKEY | |
 * | seller credentials of a tenant | TENANT#<tenant> | CREDENTIAL#<marketplace> | CREDENTIALS#SEALED / <sealed at>#<tenant>#<marketplace> |
 * | token bucket of a seller account | SELLERLIMIT#<marketplace>#<account hash>#<category> | BUCKET | |
 * | network interface claimed by a tenant | TENANT#<tenant> | ENI#<interface> | |
 * | VNI and number of interfaces of a tenant | TENANT#<tenant> | ENIS | |
 * | network interface → tenant | ENI#<interface> | ENI | |
 * | network interface → tenant that reports it | ENI#<interface> | REPORTER | |
 * | VNI → tenant | VNI#<number> | VNI | |
 * | count of a tenant's detections | TENANT#<tenant>#DETECTIONCOUNTS#<month> | <LABEL or SOURCE>#<day>#<value>#<days kept>#<shard> | |
 * | product | TENANT#<tenant>#PRODUCT#<product> | PRODUCT | |
 * | change of a product's stock or price | TENANT#<tenant>#PRODUCT#<product> | CHANGE#<sync run> | |
 * | current catalogue, its segments' list | TENANT#<tenant>#CATALOGUE | CURRENT, MANIFEST#<sync run> | |
 * | segment of a catalogue | TENANT#<tenant>#CATALOGUE | SEGMENT#<sync run>#<number> | |
 * | sync run | TENANT#<tenant> | SYNCRUN#<run> | |
 * | lock and position of the running sync | TENANT#<tenant> | SYNCLOCK | |
 * | when the tenant's sync is due | TENANT#<tenant> | SYNCSCHEDULE | |
 * | due syncs of all tenants | SYNCDUE#<shard> | <due>#<tenant> | |
 * | how far credentials were looked at for the schedule | SYNCDUE#ENROLMENT | SEEN | |
 * | counter of a limit | LIMIT#<limit>#<subject> | <window start> | |
 */

export interface Key {
  pk: string;
  sk: string;
}

/** Partition keys by family, as IAM `StringLike` patterns: `?` stands for one character of an id. */
export const keyPatterns = {
  tenant: `TENANT#tnt_${'?'.repeat(26)}`,
  tenantUser: `TENANT#tnt_${'?'.repeat(26)}#USER#*`,
  tenantDetection: `TENANT#tnt_${'?'.repeat(26)}#DETECTION#*`,
  tenantDetections: `TENANT#tnt_${'?'.repeat(26)}#DETECTIONS#*`,
  email: 'EMAIL#*',
  license: 'LICENSE#*',
  apiKey: 'APIKEY#*',
  limit: 'LIMIT#*',
  tenantProduct: `TENANT#tnt_${'?'.repeat(26)}#PRODUCT#*`,
  tenantCatalogue: `TENANT#tnt_${'?'.repeat(26)}#CATALOGUE`,
  syncDue: 'SYNCDUE#*',
  tenantDelivery: `TENANT#tnt_${'?'.repeat(26)}#DELIVERY#*`,
  due: 'DUE#*',
  credentials: 'CREDENTIALS#SEALED',
  sellerLimit: 'SELLERLIMIT#*',
  tenantDetectionCounts: `TENANT#tnt_${'?'.repeat(26)}#DETECTIONCOUNTS#*`,
  eni: 'ENI#*',
  vni: 'VNI#*',
} as const;

export type KeyFamily = keyof typeof keyPatterns;

/** Families whose partition keys are those of the series index, not of the table. */
export const indexFamilies: ReadonlySet<KeyFamily> = new Set([
  'tenantDetections',
  'due',
  'credentials',
]);

export type TableAction =
  | 'GetItem'
  | 'BatchGetItem'
  | 'Query'
  | 'PutItem'
  | 'UpdateItem'
  | 'DeleteItem'
  | 'BatchWriteItem'
  | 'ConditionCheckItem';

/** The index that lists a tenant's long-running series by time. Its name in the table. */
export const seriesIndex = 'series';

const segment = /^[A-Za-z0-9_.:/@-]+$/;

/** A value as one segment of a key. Refuses `#` and whatever else could reach another partition. */
function part(value: string): string {
  if (!segment.test(value))
    throw new TypeError('A key segment has a character that it must not have');
  return value;
}

const tenantPartition = (tenantId: string) => `TENANT#${part(tenantId)}`;
const deliveryPartition = (tenantId: string, webhookId: string) =>
  `${tenantPartition(tenantId)}#DELIVERY#${part(webhookId)}`;
const sealedCredentials = 'CREDENTIALS#SEALED';

/** The tenant whose own partition this is. */
export const tenantIdOf = (partition: unknown): string => String(partition).replace('TENANT#', '');

export const keys = {
  tenant: (tenantId: string): Key => ({ pk: tenantPartition(tenantId), sk: 'TENANT' }),
  license: (tenantId: string, licenseId: string): Key => ({
    pk: tenantPartition(tenantId),
    sk: `LICENSE#${part(licenseId)}`,
  }),
  member: (tenantId: string, userId: string): Key => ({
    pk: tenantPartition(tenantId),
    sk: `MEMBER#${part(userId)}`,
  }),
  apiKey: (tenantId: string, keyId: string): Key => ({
    pk: tenantPartition(tenantId),
    sk: `APIKEY#${part(keyId)}`,
  }),
  apiKeyRegister: (tenantId: string): Key => ({ pk: tenantPartition(tenantId), sk: 'APIKEYS' }),
  /** Where all API keys of a tenant are. */
  apiKeysOf: (tenantId: string) => ({ pk: tenantPartition(tenantId), prefix: 'APIKEY#' }),
  session: (tenantId: string, userId: string, sessionId: string): Key => ({
    pk: `${tenantPartition(tenantId)}#USER#${part(userId)}`,
    sk: `SESSION#${part(sessionId)}`,
  }),
  detection: (tenantId: string, detectionId: string): Key => ({
    pk: `${tenantPartition(tenantId)}#DETECTION#${part(detectionId)}`,
    sk: 'DETECTION',
  }),
  /** Partition of a tenant's detections of one quarter (`2026Q4`, UTC) in the series index. */
  detectionSeries: (tenantId: string, quarter: string): string =>
    `${tenantPartition(tenantId)}#DETECTIONS#${part(quarter)}`,
  identity: (emailHash: string): Key => ({ pk: `EMAIL#${part(emailHash)}`, sk: 'IDENTITY' }),
  membership: (emailHash: string, tenantId: string): Key => ({
    pk: `EMAIL#${part(emailHash)}`,
    sk: tenantPartition(tenantId),
  }),
  knownAddress: (emailHash: string, address: string): Key => ({
    pk: `EMAIL#${part(emailHash)}`,
    sk: `ADDRESS#${part(address)}`,
  }),
  licenseLookup: (licenseId: string): Key => ({ pk: `LICENSE#${part(licenseId)}`, sk: 'LICENSE' }),
  apiKeyLookup: (keyHash: string): Key => ({ pk: `APIKEY#${part(keyHash)}`, sk: 'APIKEY' }),
  webhook: (tenantId: string, webhookId: string): Key => ({
    pk: tenantPartition(tenantId),
    sk: `WEBHOOK#${part(webhookId)}`,
  }),
  /** Where all webhooks of a tenant are. */
  webhooksOf: (tenantId: string) => ({ pk: tenantPartition(tenantId), prefix: 'WEBHOOK#' }),
  webhookCount: (tenantId: string): Key => ({ pk: tenantPartition(tenantId), sk: 'WEBHOOKS' }),
  delivery: (tenantId: string, webhookId: string, messageId: string): Key => ({
    pk: deliveryPartition(tenantId, webhookId),
    sk: part(messageId),
  }),
  /** Where all deliveries to a webhook are. */
  deliveriesOf: deliveryPartition,
  /** Partition of what a sweep finds when it is due, in the series index. */
  due: (queue: string, shard: number): string => `DUE#${part(queue)}#${part(String(shard))}`,
  limit: (limit: string, subject: string, windowStart: number): Key => ({
    pk: `LIMIT#${part(limit)}#${part(subject)}`,
    sk: String(windowStart),
  }),
  credential: (tenantId: string, marketplace: string): Key => ({
    pk: tenantPartition(tenantId),
    sk: `CREDENTIAL#${part(marketplace)}`,
  }),
  /** Where all seller credentials of a tenant are. */
  credentialsOf: (tenantId: string) => ({ pk: tenantPartition(tenantId), prefix: 'CREDENTIAL#' }),
  /** Place of a tenant's credentials in the series index, by when they were sealed. */
  credentialSeries: (sealedAt: string, tenantId: string, marketplace: string) => ({
    series_pk: sealedCredentials,
    series_sk: `${part(sealedAt)}#${part(tenantId)}#${part(marketplace)}`,
  }),
  /** Where the credentials of all tenants are in the series index. */
  sealedCredentials: (): string => sealedCredentials,
  sellerLimit: (marketplace: string, account: string, category: string): Key => ({
    pk: `SELLERLIMIT#${part(marketplace)}#${part(account)}#${part(category)}`,
    sk: 'BUCKET',
  }),
  /** One shard of the count of a tenant's detections with a label or source on a day, UTC, that are kept equally long. */
  detectionCount: (
    tenantId: string,
    kind: 'LABEL' | 'SOURCE',
    day: string,
    value: string,
    { days, shard }: { days: number; shard: number },
  ): Key => ({
    pk: `${tenantPartition(tenantId)}#DETECTIONCOUNTS#${part(day.slice(0, 7))}`,
    // A label may have spaces, and never an @.
    sk: `${kind}#${part(day)}#${part(value.replaceAll(' ', '@'))}#${days}#${shard}`,
  }),
  /** Where the counts of a tenant's detections of a month (`2026-11`) are. */
  detectionCountsOf: (tenantId: string, month: string): string =>
    `${tenantPartition(tenantId)}#DETECTIONCOUNTS#${part(month)}`,
  eni: (tenantId: string, eniId: string): Key => ({
    pk: tenantPartition(tenantId),
    sk: `ENI#${part(eniId)}`,
  }),
  /** Where all network interfaces of a tenant are. */
  enisOf: (tenantId: string) => ({ pk: tenantPartition(tenantId), prefix: 'ENI#' }),
  eniRegister: (tenantId: string): Key => ({ pk: tenantPartition(tenantId), sk: 'ENIS' }),
  eniLookup: (eniId: string): Key => ({ pk: `ENI#${part(eniId)}`, sk: 'ENI' }),
  /** Who has reported an interface lately that nobody has claimed. */
  eniReporter: (eniId: string): Key => ({ pk: `ENI#${part(eniId)}`, sk: 'REPORTER' }),
  vniLookup: (vni: number): Key => ({ pk: `VNI#${part(String(vni))}`, sk: 'VNI' }),
  product: (tenantId: string, productId: string): Key => ({
    pk: `${tenantPartition(tenantId)}#PRODUCT#${part(productId)}`,
    sk: 'PRODUCT',
  }),
  /** What one sync run changed of a product's stock or price. */
  productChange: (tenantId: string, productId: string, runId: string): Key => ({
    pk: `${tenantPartition(tenantId)}#PRODUCT#${part(productId)}`,
    sk: `CHANGE#${part(runId)}`,
  }),
  /** Where all changes of a product are. */
  productChangesOf: (tenantId: string, productId: string) => ({
    pk: `${tenantPartition(tenantId)}#PRODUCT#${part(productId)}`,
    prefix: 'CHANGE#',
  }),
  catalogue: (tenantId: string): Key => ({
    pk: `${tenantPartition(tenantId)}#CATALOGUE`,
    sk: 'CURRENT',
  }),
  catalogueManifest: (tenantId: string, version: string): Key => ({
    pk: `${tenantPartition(tenantId)}#CATALOGUE`,
    sk: `MANIFEST#${part(version)}`,
  }),
  catalogueSegment: (tenantId: string, runId: string, number: number): Key => ({
    pk: `${tenantPartition(tenantId)}#CATALOGUE`,
    sk: `SEGMENT#${part(runId)}#${String(number).padStart(5, '0')}`,
  }),
  syncRun: (tenantId: string, runId: string): Key => ({
    pk: tenantPartition(tenantId),
    sk: `SYNCRUN#${part(runId)}`,
  }),
  /** Where all sync runs of a tenant are. */
  syncRunsOf: (tenantId: string) => ({ pk: tenantPartition(tenantId), prefix: 'SYNCRUN#' }),
  syncLock: (tenantId: string): Key => ({ pk: tenantPartition(tenantId), sk: 'SYNCLOCK' }),
  syncSchedule: (tenantId: string): Key => ({ pk: tenantPartition(tenantId), sk: 'SYNCSCHEDULE' }),
  syncDue: (shard: number, dueAt: string, tenantId: string): Key => ({
    pk: `SYNCDUE#${shard}`,
    sk: `${part(dueAt)}#${part(tenantId)}`,
  }),
  syncEnrolment: (): Key => ({ pk: 'SYNCDUE#ENROLMENT', sk: 'SEEN' }),
  /** One of the partitions that due syncs are spread over. */
  syncsDueIn: (shard: number): string => `SYNCDUE#${shard}`,
};
