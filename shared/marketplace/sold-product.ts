import * as z from 'zod/mini';
import type { Meter } from '../contract/meters.ts';
import { SubscriptionPlan } from '../contract/schemas.ts';
import { once } from '../runtime/once.ts';
import { soldProducts } from './sold-products.ts';

type Plan = z.infer<typeof SubscriptionPlan>;

/** How AWS Marketplace bills a product. */
export type Pricing = 'usage' | 'contract' | 'contract-with-consumption' | 'free';

/** Something that buyers pay for: by use where it is metered, else by contract. */
export interface Dimension {
  /** Its API name in the listing. */
  readonly key: string;
  /** Unit as in the listing: `Units`, `Requests`, `GB` … */
  readonly unit: string;
  readonly name: string;
  /** Usage of it is reported. Every dimension of a `usage` product is, none of a `contract`. */
  readonly isMetered?: true;
  /** What features count towards it. Without any, usage comes by `POST /api/v1/usage` alone. */
  readonly meters?: readonly Meter[];
  /** The plan of tenants that are entitled to it. */
  readonly plan?: Plan;
}

/** A product as it is listed on AWS Marketplace, and what it means here. */
export interface SoldProduct {
  readonly code: string;
  readonly name: string;
  readonly pricing: Pricing;
  /**
   * What names a purchase. `license`: LicenseArn, with events of EventBridge, as every listing since
   * 1 June 2026 has it. `customer`: CustomerIdentifier, with messages of Amazon SNS, as older ones
   * keep it. Default `license`.
   */
  readonly identity?: 'license' | 'customer';
  /** ARNs of the SNS topics of a product with the identity `customer`, as its listing shows them. */
  readonly topics?: readonly string[];
  /** The plan that every license gives. Where dimensions give others, the highest counts. */
  readonly plan?: Plan;
  readonly dimensions: readonly Dimension[];
}

/** What a description must be. Checked at synthesis and by the tests. */
const soldProductSchema = once(() => {
  const dimension = z.strictObject({
    key: z.string().check(z.regex(/^[A-Za-z0-9_]{1,60}$/, 'is not the API name of a dimension')),
    unit: z.string().check(z.minLength(1)),
    name: z.string().check(z.minLength(1)),
    isMetered: z.optional(z.literal(true)),
    meters: z.optional(z.array(z.object({ name: z.string(), description: z.string() }))),
    plan: z.optional(SubscriptionPlan),
  });
  return z.strictObject({
    code: z.string().check(z.regex(/^[-a-zA-Z0-9/=:_.@]{1,255}$/, 'is not a product code')),
    name: z.string().check(z.minLength(1)),
    pricing: z.enum(['usage', 'contract', 'contract-with-consumption', 'free']),
    identity: z.optional(z.enum(['license', 'customer'])),
    topics: z.optional(
      z.array(z.string().check(z.regex(/^arn:aws[a-z-]*:sns:us-east-1:\d{12}:[\w-]+$/))),
    ),
    plan: z.optional(SubscriptionPlan),
    dimensions: z.array(dimension),
  });
});

/**
 * Throws unless every description makes sense: by its schema, each code and each dimension's key once,
 * meters only where usage is metered, a plan for every purchase.
 */
export function checkSoldProducts(products: readonly SoldProduct[]): void {
  const refuse = (code: string, what: string) => {
    throw new Error(`shared/marketplace/sold-products.ts: ${code || 'the list'} ${what}`);
  };
  if (products.length === 0) refuse('', 'sells nothing');
  const codes = new Set<string>();
  for (const product of products) {
    const { error } = soldProductSchema().safeParse(product);
    if (error) refuse(product.code, z.prettifyError(error));
    if (codes.has(product.code)) refuse(product.code, 'stands there twice');
    codes.add(product.code);
    const keys = new Set(product.dimensions.map(({ key }) => key));
    if (keys.size < product.dimensions.length)
      refuse(product.code, 'has two dimensions of one key');
    for (const one of product.dimensions) {
      if (one.meters?.length && !isMetered(product, one))
        refuse(product.code, `counts towards ${one.key}, which is not metered`);
      if (one.isMetered && ['contract', 'free'].includes(product.pricing))
        refuse(
          product.code,
          `meters ${one.key}, but a ${product.pricing} product reports no usage`,
        );
    }
    if (!product.plan && !product.dimensions.some(({ plan }) => plan))
      refuse(product.code, 'gives no plan');
    if (product.pricing === 'usage' && !product.plan) refuse(product.code, 'gives no plan');
  }
}

/** The product of a code; undefined for one that is not sold here. */
export const productOf = (code: string): SoldProduct | undefined =>
  soldProducts.find((product) => product.code === code);

/** Whether usage of a dimension is reported to AWS Marketplace. */
export const isMetered = ({ pricing }: SoldProduct, { isMetered: own }: Dimension): boolean =>
  pricing === 'usage' || (pricing === 'contract-with-consumption' && own === true);

/** The dimensions of a product whose usage is reported. */
export const meteredDimensions = (product: SoldProduct): readonly Dimension[] =>
  product.dimensions.filter((dimension) => isMetered(product, dimension));

/** Whether buyers are entitled to what they bought: GetEntitlements answers for such products alone. */
export const hasEntitlements = ({ pricing }: SoldProduct): boolean =>
  pricing === 'contract' || pricing === 'contract-with-consumption';

/** Codes that no deployment for customers may sell. */
export const isDemo = ({ code }: SoldProduct): boolean => code.startsWith('tenantry-demo');
