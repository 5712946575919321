import type { ChannelProduct } from './adapter.ts';

type Text = string | null | undefined;

/** How many characters of a text are taken over. */
const maxLengths = { sku: 200, name: 1000, brand: 200, category: 200, image: 2048, barcode: 100 };
const maxBarcodes = 50;

/** What describes a product, with texts cut to what can be kept; all of it may be missing. */
export function describe(reported: {
  sku: Text;
  name: Text;
  brand?: Text;
  category?: Text;
  images: readonly Text[];
  barcodes: readonly Text[];
}): Pick<ChannelProduct, 'seller_sku' | 'name' | 'brand' | 'category' | 'image_url' | 'barcodes'> {
  const brand = cut(reported.brand, maxLengths.brand);
  const category = cut(reported.category, maxLengths.category);
  const image = reported.images.map(toImageUrl).find((url) => url !== undefined);
  const barcodes = reported.barcodes
    .map((barcode) => cut(barcode, maxLengths.barcode))
    .filter(Boolean);
  return {
    seller_sku: cut(reported.sku, maxLengths.sku),
    name: cut(reported.name, maxLengths.name),
    ...(brand && { brand }),
    ...(category && { category }),
    ...(image && { image_url: image }),
    barcodes: [...new Set(barcodes)].slice(0, maxBarcodes),
  };
}

/** The beginning of a text, never with half a character at its end. */
function cut(text: Text, length: number): string {
  const start = (text ?? '').toWellFormed().slice(0, length);
  return start.isWellFormed() ? start : start.slice(0, -1);
}

/** An address that a page may show; half of one would be of no use. */
function toImageUrl(text: Text): string | undefined {
  const url = text ? URL.parse(text) : null;
  return url?.protocol === 'https:' && url.href.length <= maxLengths.image ? url.href : undefined;
}
