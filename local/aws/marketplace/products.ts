import { isMetered, type SoldProduct } from '../../../shared/marketplace/sold-product.ts';
import { stableId } from '../resource-types.ts';

export const pricings = ['usage', 'contract', 'contract-with-consumption', 'free'] as const;
export type Pricing = (typeof pricings)[number];

/** How calls and notices name a buyer: by license and event, or by the older customer identifier and SNS. */
export const identities = ['license', 'customer'] as const;
export type Identity = (typeof identities)[number];

/** A product that is listed on the local AWS Marketplace. */
export interface ListedProduct {
  readonly code: string;
  readonly name: string;
  readonly pricing: Pricing;
  readonly identity: Identity;
  readonly dimensions: readonly {
    readonly key: string;
    readonly kind: 'metered' | 'entitled';
  }[];
}

/** A product that is sold here, as it is listed. */
export function listedOf(product: SoldProduct): ListedProduct {
  const { code, name, pricing, identity = 'license', dimensions } = product;
  return {
    code,
    name,
    pricing,
    identity,
    dimensions: dimensions.map((dimension) => ({
      key: dimension.key,
      kind: isMetered(product, dimension) ? 'metered' : 'entitled',
    })),
  };
}

/** A product that is bought without being listed: paid by use, in whatever dimensions. */
export function unlisted(code: string): ListedProduct {
  return { code, name: code, pricing: 'usage', identity: 'license', dimensions: [] };
}

/** Its id beside its code, as events and agreements name it. */
export const productIdOf = (code: string): string => `prod-${stableId(code, 13)}`;

/** What an entitlement is worth. */
export type DimensionValue = number | boolean | string;
export type Dimensions = Readonly<Record<string, DimensionValue>>;

/** What an agreement is about. */
export interface Terms {
  /** What was bought, by dimension. */
  readonly dimensions: Dimensions;
  /** Dimensions that may be metered; null for any. */
  readonly meterable: readonly string[] | null;
}

/** The terms that a buyer of a product gets: those asked for, or those of the listing. */
export function termsOf(
  product: ListedProduct,
  pricing: Pricing,
  asked: Dimensions | undefined,
): Terms {
  const keys = (kind: 'metered' | 'entitled') =>
    product.dimensions.flatMap((dimension) => (dimension.kind === kind ? [dimension.key] : []));
  const metered = keys('metered');
  const listed = metered.length > 0 ? metered : null;
  if (pricing === 'usage')
    return { dimensions: {}, meterable: asked ? Object.keys(asked) : listed };
  const [first] = keys('entitled');
  const usual = first !== undefined && pricing !== 'free' ? { [first]: 1 } : {};
  const dimensions = asked ?? usual;
  if (pricing !== 'contract-with-consumption') return { dimensions, meterable: [] };
  return { dimensions, meterable: listed };
}
