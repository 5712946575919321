/**
 * Stands in for the AWS SDK's reader of `~/.aws/config` and `~/.aws/credentials` in the bundles:
 * a Lambda function has neither, and every client would look for both.
 */
export const loadSharedConfigFiles = async () => ({ configFile: {}, credentialsFile: {} });

export const CONFIG_PREFIX_SEPARATOR = '.';
