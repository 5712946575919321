import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { requireEnv } from '../runtime/config.ts';
import { logger } from '../runtime/logger.ts';
import { once } from '../runtime/once.ts';

const client = once(
  () =>
    new STSClient({
      region: requireEnv('MARKETPLACE_REGION'),
      maxAttempts: 2,
      requestHandler: {
        connectionTimeout: 1000,
        requestTimeout: 2500,
        throwOnRequestTimeout: true,
      },
    }),
);

/**
 * Credentials of the role by which the account of the seller lets us call AWS Marketplace, for an
 * hour. Throws what STS answers; a refusal is logged with what to check.
 */
export async function assumeSellerRole(roleArn: string) {
  try {
    const { Credentials } = await client().send(
      new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName: 'tenantry' }),
    );
    const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = Credentials ?? {};
    if (!AccessKeyId || !SecretAccessKey || !SessionToken || !Expiration)
      throw new Error('AssumeRole answered without credentials');
    return {
      accessKeyId: AccessKeyId,
      secretAccessKey: SecretAccessKey,
      sessionToken: SessionToken,
      expiration: Expiration,
    };
  } catch (error) {
    if ((error as { $fault?: string }).$fault === 'client')
      logger.error('seller_role_refused', {
        role: roleArn,
        error_name: (error as Error).name,
        check:
          'The trust policy of the role must let the roles of this function call sts:AssumeRole, and the parameter SellerRoleArn must name it.',
      });
    throw error;
  }
}
