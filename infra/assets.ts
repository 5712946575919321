import { createHash } from 'node:crypto';
import { relative } from 'node:path';
import type { AssetOptions } from 'aws-cdk-lib/aws-s3-assets';
import type { Construct } from 'constructs';

const rootContext = 'tenantry:assets-root';

/** Context of an app whose bundles, below `root`, may still be in the making while it is synthesized. */
export const assetsByPlace = (root: string) => ({
  'aws:cdk:disable-asset-staging': true,
  // It would have the place itself in the templates.
  'aws:cdk:enable-asset-metadata': false,
  [rootContext]: root,
});

/**
 * What names the asset of a folder: its content, or its place below the root where the assembly refers
 * to the folder instead of copying it.
 */
export function assetOptions(scope: Construct, folder: string): AssetOptions {
  const root: unknown = scope.node.tryGetContext(rootContext);
  if (typeof root !== 'string') return {};
  return { assetHash: createHash('sha256').update(relative(root, folder)).digest('hex') };
}
