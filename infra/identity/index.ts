import type { IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import { refreshTokenReused, signInRefused } from '../../shared/identity/metrics.ts';
import type { ProductMetrics } from '../product-metrics.ts';
import { row } from '../widgets.ts';

export function dashboardRows(product: ProductMetrics): IWidget[][] {
  return [
    row([
      'Sign-in: refused, reused refresh tokens',
      [product.of(signInRefused), product.of(refreshTokenReused)],
    ]),
  ];
}
