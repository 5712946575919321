import { channels, channelUrlVariable } from '../shared/channels/channels.ts';
import type { KeyName, SecretName } from '../shared/contract/endpoint.ts';
import { limitPartition } from '../shared/limits/keys.ts';
import type { FunctionEntry } from './function.ts';
import type { GrantedResources } from './grants.ts';
import type { ApiParameters } from './parameters.ts';

/** What the settings of functions are made of. */
export interface SettingSources {
  readonly tableName: string;
  readonly secretArns: GrantedResources['secretArns'];
  readonly keyArns: GrantedResources['keyArns'];
  /** URLs of queues by name; those without a worker do not exist. */
  readonly queueUrls: NonNullable<GrantedResources['queueArns']>;
  readonly parameters: ApiParameters;
}

/** The settings that a function reads, and only those. */
export function environmentOf(
  entry: Omit<FunctionEntry, 'summary'>,
  { tableName, secretArns, keyArns, queueUrls, parameters }: SettingSources,
): Record<string, string> {
  const secrets = entry.secrets ?? [];
  const handlesTokens = secrets.includes('signing-keys') || secrets.includes('verification-keys');
  const reachesWebhooks = ['webhooks/create', 'webhooks/update', 'webhooks/deliver'].includes(
    entry.id,
  );
  const isMarketplace = entry.id.startsWith('marketplace/');
  return {
    ...(entry.table && { TABLE_NAME: tableName }),
    ...(entry.table?.some(([family]) => family === limitPartition) && {
      LIMITS_MULTIPLIER: parameters.limitsMultiplier,
    }),
    ...Object.fromEntries(secrets.map((name) => [secretVariable(name), secretArns[name]] as const)),
    ...Object.fromEntries(
      (entry.queues ?? []).map((name) => [queueVariable(name), queueUrls[name] ?? ''] as const),
    ),
    ...(handlesTokens && { TOKEN_ISSUER: parameters.tokenIssuer }),
    ...(reachesWebhooks && { WEBHOOK_ALLOW_PRIVATE: parameters.webhookAllowPrivate }),
    ...Object.fromEntries(
      Object.keys(entry.keys ?? {}).map((name) => [
        `${name.toUpperCase()}_KEY_ID`,
        keyArns[name as KeyName],
      ]),
    ),
    ...(entry.channels &&
      Object.fromEntries(
        Object.keys(channels).map((name) => [
          channelUrlVariable(name),
          parameters.channelUrls[name],
        ]),
      )),
    ...(isMarketplace && {
      PRODUCT_CODES: parameters.productCodes,
      SUPPORT_EMAIL: parameters.supportEmail,
      MARKETPLACE_REGION: parameters.marketplaceRegion,
    }),
  };
}

/** `signing-keys` as its function finds it: `SIGNING_KEYS_SECRET`. */
const secretVariable = (name: SecretName): string =>
  `${name.replaceAll('-', '_').toUpperCase()}_SECRET`;

/** `webhooks` as a function that sends to it finds it: `WEBHOOKS_QUEUE_URL`. */
const queueVariable = (name: string) => `${name.toUpperCase()}_QUEUE_URL`;
