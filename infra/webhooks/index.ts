import type { IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import {
  deliveryLatency,
  webhookAttempts,
  webhookDisabled,
} from '../../shared/webhooks/metrics.ts';
import type { ProductMetrics } from '../product-metrics.ts';
import { row } from '../widgets.ts';

export function dashboardRows(product: ProductMetrics): IWidget[][] {
  return [
    row(
      ['Webhooks: attempts by outcome', [product.all(webhookAttempts)]],
      [
        'Webhooks: how long attempts take',
        ['p50', 'p99'].map((statistic) => product.of(deliveryLatency, {}, { statistic })),
      ],
      ['Webhooks: switched off', [product.of(webhookDisabled)]],
    ),
  ];
}
