import type { IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { marketplaceRefusals } from '../../shared/marketplace/metrics.ts';
import type { AlarmTopic } from '../alarm-topic.ts';
import type { ProductMetrics } from '../product-metrics.ts';
import { row } from '../widgets.ts';

export function watch(scope: Construct, topic: AlarmTopic, product: ProductMetrics): void {
  topic.addAlarm(scope, 'MarketplaceMisconfigured', {
    metric: product.of(marketplaceRefusals),
    threshold: 1,
    description:
      'AWS Marketplace refuses our calls: buyers cannot register. Check the product codes and the grants.',
  });
}

export function dashboardRows(product: ProductMetrics): IWidget[][] {
  return [row(['AWS Marketplace: refuses our calls', [product.of(marketplaceRefusals)]])];
}
