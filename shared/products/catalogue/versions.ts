import * as z from 'zod/mini';
import { deleteItem, getItem, putItem } from '../../table/table.ts';
import { productKeys } from '../keys.ts';
import { SegmentRef } from './segments.ts';

/** Sums over all products that the channels have, made when a sync ends. */
export const CatalogueAnalytics = z.object({
  total_products: z.number(),
  total_stock: z.number(),
  low_stock_count: z.number(),
  missing_count: z.number(),
  distribution: z.object({
    out_of_stock: z.number(),
    critical: z.number(),
    low: z.number(),
    medium: z.number(),
    good: z.number(),
    excellent: z.number(),
  }),
});
export type CatalogueAnalytics = z.infer<typeof CatalogueAnalytics>;

const CurrentItem = z.object({ version: z.string(), analytics: CatalogueAnalytics });
export type CurrentCatalogue = z.infer<typeof CurrentItem>;

const ManifestItem = z.object({
  /** Run, number and rows of each segment, in their order. */
  segments: z.array(z.tuple([z.string(), z.number(), z.number()])),
  /** Segments that this version replaces. */
  obsolete: z.array(SegmentRef),
  previous: z.optional(z.string()),
});
export interface Manifest {
  segments: SegmentRef[];
  obsolete: SegmentRef[];
  previous: string | undefined;
}

/** The version that a sync published last; undefined before the first. */
export async function readCurrent(tenantId: string): Promise<CurrentCatalogue | undefined> {
  const item = await getItem(productKeys.catalogue(tenantId));
  return item && CurrentItem.parse(item);
}

/** Which segments a version has; undefined when it has been replaced. */
export async function readManifest(
  tenantId: string,
  version: string,
): Promise<Manifest | undefined> {
  const item = await getItem(productKeys.catalogueManifest(tenantId, version));
  if (!item) return undefined;
  const { segments, obsolete, previous } = ManifestItem.parse(item);
  return {
    segments: segments.map(([run, number, rows]) => ({ run, number, rows })),
    obsolete,
    previous,
  };
}

export async function writeManifest(
  tenantId: string,
  version: string,
  { segments, obsolete, previous }: Manifest,
): Promise<void> {
  await putItem({
    Item: {
      ...productKeys.catalogueManifest(tenantId, version),
      segments: segments.map(({ run, number, rows }) => [run, number, rows]),
      obsolete,
      previous,
    },
  });
}

export async function deleteManifest(tenantId: string, version: string): Promise<void> {
  await deleteItem({ Key: productKeys.catalogueManifest(tenantId, version) });
}

/** The write that makes a version the current one. */
export const currentWrite = (tenantId: string, current: CurrentCatalogue) => ({
  put: { Item: { ...productKeys.catalogue(tenantId), ...current } },
});
