import type { SellerProduct } from './adapter.ts';

type Told = string | null | undefined;

/** How many characters of a text are taken over. */
const longest = { sku: 200, name: 1000, brand: 200, category: 200, image: 2048, barcode: 100 };
const maxBarcodes = 50;

/** What describes a product, with texts cut to what can be kept; none of it must be told. */
export function textsOf(told: {
  sku: Told;
  name: Told;
  brand?: Told;
  category?: Told;
  images: readonly Told[];
  barcodes: readonly Told[];
}): Pick<SellerProduct, 'seller_sku' | 'name' | 'brand' | 'category' | 'image_url' | 'barcodes'> {
  const brand = cut(told.brand, longest.brand);
  const category = cut(told.category, longest.category);
  const image = told.images.map(toImageUrl).find((url) => url !== undefined);
  const barcodes = told.barcodes.map((barcode) => cut(barcode, longest.barcode)).filter(Boolean);
  return {
    seller_sku: cut(told.sku, longest.sku),
    name: cut(told.name, longest.name),
    ...(brand && { brand }),
    ...(category && { category }),
    ...(image && { image_url: image }),
    barcodes: [...new Set(barcodes)].slice(0, maxBarcodes),
  };
}

/** The beginning of a text, never with half a character at its end. */
function cut(text: Told, length: number): string {
  const start = (text ?? '').toWellFormed().slice(0, length);
  return start.isWellFormed() ? start : start.slice(0, -1);
}

/** An address that a page may show; half of one would be of no use. */
function toImageUrl(text: Told): string | undefined {
  const url = text ? URL.parse(text) : null;
  return url?.protocol === 'https:' && url.href.length <= longest.image ? url.href : undefined;
}
