import { existsSync } from 'node:fs';
import type { Stack } from 'aws-cdk-lib';
import type { IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { features } from '../shared/features.ts';
import type { AlarmTopic } from './alarm-topic.ts';
import type { ProductMetrics } from './product-metrics.ts';
import type { Stage } from './stage.ts';

/** What a feature adds to the stacks beyond what its manifest says: `infra/<feature>/index.ts`. */
export interface InfraRoom {
  /** Adds its alarms. */
  readonly watch?: (scope: Construct, topic: AlarmTopic, product: ProductMetrics) => void;
  /** Adds rules that a deployment must meet before CloudFormation changes anything. */
  readonly requireOf?: (stack: Stack, stage: Stage) => void;
  /** Its rows on the dashboard. */
  readonly dashboardRows?: (product: ProductMetrics) => IWidget[][];
}

/** The rooms of the features that have one, in the order of the features. */
export const infraRooms: readonly InfraRoom[] = await Promise.all(
  features
    .filter(({ id }) => existsSync(new URL(`./${id}/index.ts`, import.meta.url)))
    .map(({ id }): Promise<InfraRoom> => import(`./${id}/index.ts`)),
);
