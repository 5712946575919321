import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';

/**
 * Logs name things by their ids. Bodies, headers, tokens, keys, passwords, emails and addresses
 * of people never go in.
 */
export const logger = new Logger();

export const metrics = new Metrics();

/** Counts one occurrence of something that an alarm or the dashboard watches. */
export function countMetric(
  name: 'MarketplaceMisconfigured' | 'RefreshTokenReused' | 'SignInRefused' | 'WebhookDisabled',
): void {
  metrics.addMetric(name, MetricUnit.Count, 1);
}

/** Records a security event: who, in which tenant, with what outcome. The request id is added. */
export function logSecurityEvent(
  event: string,
  details: Record<string, string | number | undefined>,
): void {
  logger.info(event, { event, ...details });
}
