import type { Needs } from '../shared/contract/endpoint.ts';
import { queueVariable } from '../shared/contract/queues.ts';
import type { Setting } from '../shared/contract/settings.ts';
import { limitPartition } from '../shared/limits/keys.ts';
import { limitsMultiplier } from '../shared/limits/settings.ts';
import type { GrantedResources } from './grants.ts';

/** What the settings of functions are made of. */
export interface SettingSources {
  readonly tableName: string;
  readonly secretArns: GrantedResources['secretArns'];
  readonly keyArns: GrantedResources['keyArns'];
  /** URLs of queues by name; those without a worker do not exist. */
  readonly queueUrls: NonNullable<GrantedResources['queueArns']>;
  /** Name of what mail is sent with. */
  readonly mailConfigurationSet?: string;
  /** Names of buckets by their names in the contract. */
  readonly bucketNames: Readonly<Record<string, string>>;
  /** Value of a setting in this deployment. */
  readonly settingOf: (setting: Setting) => string;
}

/** The settings that a function reads, and only those. */
export function environmentOf(
  {
    table,
    secrets = [],
    queues = [],
    kmsKeys = [],
    buckets = [],
    settings = [],
    assumes = [],
    mail,
  }: Needs,
  {
    tableName,
    secretArns,
    keyArns,
    queueUrls,
    bucketNames,
    mailConfigurationSet = '',
    settingOf,
  }: SettingSources,
): Record<string, string> {
  const counts = table?.some(([family]) => family === limitPartition);
  const read = new Set([...settings, ...assumes, ...(counts ? [limitsMultiplier] : [])]);
  return {
    ...(table && { TABLE_NAME: tableName }),
    ...(mail && { MAIL_CONFIGURATION_SET: mailConfigurationSet }),
    ...Object.fromEntries(
      [...read].map((setting) => [setting.variable, settingOf(setting)] as const),
    ),
    ...Object.fromEntries(
      secrets.map(({ name, variable }) => [variable, secretArns[name] ?? ''] as const),
    ),
    ...Object.fromEntries(
      queues.map((queue) => [queueVariable(queue), queueUrls[queue.name] ?? ''] as const),
    ),
    ...Object.fromEntries(
      kmsKeys.map(([{ name, variable }]) => [variable, keyArns[name] ?? ''] as const),
    ),
    ...Object.fromEntries(
      buckets.map(([{ name, variable }]) => [variable, bucketNames[name] ?? ''] as const),
    ),
  };
}
