import { CfnRule, Fn, type Stack } from 'aws-cdk-lib';
import type { IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { parameterName } from '../../shared/contract/settings.ts';
import {
  eventsTaken,
  marketplaceRefusals,
  unknownEvents,
} from '../../shared/marketplace/metrics.ts';
import { supportEmail } from '../../shared/marketplace/settings.ts';
import { checkSoldProducts, isDemo } from '../../shared/marketplace/sold-product.ts';
import { soldProducts } from '../../shared/marketplace/sold-products.ts';
import type { AlarmTopic } from '../alarm-topic.ts';
import type { ProductMetrics } from '../product-metrics.ts';
import type { Stage } from '../stage.ts';
import { row } from '../widgets.ts';

/** `prod` sells the vendor's own products. */
export function requireOf(stack: Stack, stage: Stage): void {
  checkSoldProducts(soldProducts);
  const demo = soldProducts.filter(isDemo).map(({ code }) => code);
  if (stage !== 'prod' || demo.length === 0) return;
  new CfnRule(stack, 'SoldProducts', {
    assertions: [
      {
        // Never true: an assertion must look at a parameter, and no address is this.
        assert: Fn.conditionEquals(Fn.ref(parameterName(supportEmail)), 'no demo products'),
        assertDescription: `shared/marketplace/sold-products.ts sells ${demo.join(', ')}: describe your own products of AWS Marketplace there`,
      },
    ],
  });
}

export function watch(scope: Construct, topic: AlarmTopic, product: ProductMetrics): void {
  topic.addAlarm(scope, 'MarketplaceMisconfigured', {
    metric: product.of(marketplaceRefusals),
    threshold: 1,
    description:
      'AWS Marketplace refuses our calls: buyers cannot register. Check the product codes and the grants.',
  });
  topic.addAlarm(scope, 'UnknownAgreementEvents', {
    metric: product.of(unknownEvents),
    threshold: 1,
    description:
      'AWS Marketplace told something of an agreement that nothing here knows. It is kept: see npm run operator -- agreements show.',
  });
}

export function dashboardRows(product: ProductMetrics): IWidget[][] {
  return [
    row(
      ['AWS Marketplace: refuses our calls', [product.of(marketplaceRefusals)]],
      ['AWS Marketplace: events', [product.of(eventsTaken)], [product.of(unknownEvents)]],
    ),
  ];
}
