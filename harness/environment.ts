import { installAwslambda } from '../local/lambda/awslambda.ts';

// As Lambda's runtime does before it loads a function.
installAwslambda();

/** The environment that functions find when tests run them in the test's own process. */
Object.assign(process.env, {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  TABLE_NAME: 'tenantry-test',
  SIGNING_KEYS_SECRET: 'signing-keys',
  VERIFICATION_KEYS_SECRET: 'verification-keys',
  SEALING_KEY_SECRET: 'sealing-key',
  TOKEN_ISSUER: 'urn:tenantry:test',
  TOKEN_ALGORITHM: process.env.TOKEN_ALGORITHM ?? 'ES256',
  LIMITS_MULTIPLIER: '1',
  PRODUCT_CODES: 'tenantry-demo',
  WEBHOOKS_QUEUE_URL: 'https://sqs.us-east-1.amazonaws.com/000000000000/webhooks',
  SYNC_QUEUE_URL: 'https://sqs.us-east-1.amazonaws.com/000000000000/sync',
  WEBHOOK_ALLOW_PRIVATE: 'false',
  SUPPORT_EMAIL: 'support@example.com',
  MARKETPLACE_REGION: 'us-east-1',
  CREDENTIALS_KEY_ID: 'arn:aws:kms:us-east-1:000000000000:key/credentials',
  POWERTOOLS_SERVICE_NAME: 'tenantry',
  POWERTOOLS_METRICS_NAMESPACE: 'Tenantry',
  POWERTOOLS_LOG_LEVEL: 'INFO',
});
