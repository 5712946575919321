import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import type { ChannelProduct } from '../channels/adapter.ts';
import { ChannelName } from '../channels/names.ts';
import { productKeys } from './keys.ts';

/** Below this a product's stock is low. */
export const lowStock = 10;
/** Changes of stock and price, and products that vanished, are kept this long. */
export const retentionMs = 90 * 86_400_000;

/** A product as a sync knows it: what its channel says, and when that changed. */
export interface Product extends ChannelProduct {
  marketplace: ChannelName;
  /** When a sync last saw a change. */
  updated_at: string;
  /** Since when its channel no longer has it. */
  missing_since?: string;
}

const base32 = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** The id of a product of a tenant: the same in every sync, and it does not show the tenant. */
export function productIdOf(tenantId: string, channel: ChannelName, externalId: string): string {
  const hash = createHash('sha256').update(`${tenantId}/${channel}/${externalId}`).digest('hex');
  let rest = BigInt(`0x${hash.slice(0, 32)}`);
  let text = '';
  for (let position = 0; position < 26; position += 1) {
    text = `${base32[Number(rest & 31n)]}${text}`;
    rest >>= 5n;
  }
  return `prd_${text}`;
}

/** A product as a segment of the catalogue holds it: short, and always the same for the same content. */
export type Row = readonly [
  channel: number,
  externalId: string,
  sellerSku: string,
  name: string,
  brand: string | 0,
  category: string | 0,
  imageUrl: string | 0,
  barcodes: readonly string[],
  amount: string | 0,
  currency: string | 0,
  stock: number | null,
  reserved: number | null,
  inTransitTo: number | null,
  inTransitFrom: number | null,
  updatedAt: string,
  missingSince: string | 0,
];

const channelNames = ChannelName.options;

/** A product whose absent members may also be undefined, as parsing leaves them. */
type Loose<T> = { [K in keyof T]: object extends Pick<T, K> ? T[K] | undefined : T[K] };

export function toRow(product: Loose<Product>): Row {
  return [
    channelNames.indexOf(product.marketplace),
    product.external_id,
    product.seller_sku,
    product.name,
    product.brand ?? 0,
    product.category ?? 0,
    product.image_url ?? 0,
    product.barcodes,
    product.price?.amount ?? 0,
    product.price?.currency ?? 0,
    product.stock,
    product.reserved ?? null,
    product.in_transit_to ?? null,
    product.in_transit_from ?? null,
    product.updated_at,
    product.missing_since ?? 0,
  ];
}

const updatedAtColumn = 14;

/** What a product is known by within a tenant. */
export const rowKey = ([channel, externalId]: Row): string => `${channel}/${externalId}`;

/** 66 bits of text that differ when anything of a product differs but when we noticed. */
export function contentHash(row: Row): string {
  return createHash('sha256')
    .update(JSON.stringify(row.with(updatedAtColumn, '')))
    .digest('base64url')
    .slice(0, 11);
}

export function fromRow(row: Row): Product {
  const [channel, external_id, seller_sku, name, brand, category, image_url, barcodes] = row;
  const [, , , , , , , , amount, currency, stock, reserved, to, from, updated_at, missing] = row;
  const marketplace = channelNames[channel];
  if (!marketplace) throw new Error('A segment names an unknown channel');
  return {
    marketplace,
    external_id,
    seller_sku,
    name,
    ...(brand !== 0 && { brand }),
    ...(category !== 0 && { category }),
    ...(image_url !== 0 && { image_url }),
    barcodes: [...barcodes],
    ...(amount !== 0 && currency !== 0 && { price: { amount, currency } }),
    stock,
    ...(reserved !== null && { reserved }),
    ...(to !== null && { in_transit_to: to }),
    ...(from !== null && { in_transit_from: from }),
    updated_at,
    ...(missing !== 0 && { missing_since: missing }),
  };
}

const Price = z.object({ amount: z.string(), currency: z.string() });

export const ProductItem = z.object({
  id: z.string(),
  marketplace: ChannelName,
  external_id: z.string(),
  seller_sku: z.string(),
  name: z.string(),
  brand: z.optional(z.string()),
  category: z.optional(z.string()),
  image_url: z.optional(z.string()),
  barcodes: z.array(z.string()),
  price: z.optional(Price),
  /** Null while it is unknown. */
  stock: z.nullable(z.number()),
  reserved: z.optional(z.number()),
  in_transit_to: z.optional(z.number()),
  in_transit_from: z.optional(z.number()),
  created_at: z.string(),
  updated_at: z.string(),
  missing_since: z.optional(z.string()),
});
export type ProductItem = z.infer<typeof ProductItem>;

/** The item of a product. One that vanished lives on for 90 days. */
export function toItem(tenantId: string, id: string, product: Product, createdAt: string) {
  const { missing_since } = product;
  return {
    ...productKeys.product(tenantId, id),
    id,
    ...product,
    created_at: createdAt,
    ...(missing_since !== undefined && {
      ttl: Math.ceil((Date.parse(missing_since) + retentionMs) / 1000),
    }),
  };
}

/** Whether a product has been missing for longer than it is kept. */
export function isForgotten(missingSince: string | 0 | undefined, nowMs: number): boolean {
  if (missingSince === 0 || missingSince === undefined) return false;
  return Date.parse(missingSince) + retentionMs <= nowMs;
}

export const ProductChangeItem = z.object({
  at: z.string(),
  stock: z.nullable(z.number()),
  previous_stock: z.nullable(z.number()),
  price: z.optional(Price),
  previous_price: z.optional(Price),
});
export type ProductChangeItem = z.infer<typeof ProductChangeItem>;

/** The item that keeps a change of stock or price; undefined when neither changed. */
export function toChangeItem(tenantId: string, runId: string, before: ProductItem, now: Product) {
  const isSamePrice =
    before.price?.amount === now.price?.amount && before.price?.currency === now.price?.currency;
  if (before.stock === now.stock && isSamePrice) return undefined;
  return {
    ...productKeys.productChange(tenantId, before.id, runId),
    at: now.updated_at,
    stock: now.stock,
    previous_stock: before.stock,
    ...(now.price && { price: now.price }),
    ...(before.price && { previous_price: before.price }),
    ttl: Math.ceil((Date.parse(now.updated_at) + retentionMs) / 1000),
  };
}
