import { createHash } from 'node:crypto';
import type { AssetOptions } from 'aws-cdk-lib/aws-s3-assets';
import type { Construct } from 'constructs';

/** Context of an app whose bundles may still be in the making while it is synthesized. */
export const assetsByPlace = { 'aws:cdk:disable-asset-staging': true };

/**
 * What names the asset of a folder: its content, or its place where the assembly refers to the folder
 * instead of copying it.
 */
export function assetOptions(scope: Construct, folder: string): AssetOptions {
  const [name] = Object.keys(assetsByPlace);
  if (!name || scope.node.tryGetContext(name) === undefined) return {};
  return { assetHash: createHash('sha256').update(folder).digest('hex') };
}
