import { installAwslambda } from '../local/lambda/awslambda.ts';
import type { Setting } from '../shared/contract/settings.ts';

// As Lambda's runtime does before it loads a function.
installAwslambda();

/** The environment that functions find in the process of a test or a benchmark. */
Object.assign(process.env, {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  TABLE_NAME: 'tenantry-test',
  TOKEN_ALGORITHM: process.env.TOKEN_ALGORITHM ?? 'ES256',
  POWERTOOLS_SERVICE_NAME: 'tenantry',
  POWERTOOLS_METRICS_NAMESPACE: 'Tenantry',
  POWERTOOLS_LOG_LEVEL: 'INFO',
});

// Loaded only now: what they import may read the environment.
const [{ buckets, kmsKeys, queues, secrets, settings }, { queueVariable }, { features }] =
  await Promise.all([
    import('../shared/contract/registry.ts'),
    import('../shared/contract/queues.ts'),
    import('../shared/features.ts'),
  ]);

/** What a setting is in the stage `test`, where nothing was configured. */
function settingValue({ value }: Setting): string {
  if ('from' in value) return value.from(features);
  const rule = value.parameter('test');
  return typeof rule === 'string' ? rule : (rule.default ?? '');
}

process.env.MAIL_CONFIGURATION_SET = 'tenantry-test';
for (const setting of settings.values()) process.env[setting.variable] = settingValue(setting);
for (const { name, variable } of secrets.values()) process.env[variable] = name;
for (const { name, variable } of kmsKeys.values())
  process.env[variable] = `arn:aws:kms:us-east-1:000000000000:key/${name}`;
for (const queue of queues.values())
  process.env[queueVariable(queue)] =
    `https://sqs.us-east-1.amazonaws.com/000000000000/${queue.name}`;
for (const { name, variable } of buckets.values()) process.env[variable] = name;
