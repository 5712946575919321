/** What a seller has, made up from the number of the product, so that 100,000 take no memory. */
export interface GeneratedProduct {
  readonly index: number;
  readonly sku: string;
  readonly name: string;
  readonly brand: string;
  readonly category: string;
  /** In hundredths. */
  readonly price: number;
  readonly discountPercent: number;
  readonly sizes: readonly { readonly barcode: string; readonly quantity: number }[];
  /** Whether it lies in the seller's own warehouses and not in those of the marketplace. */
  readonly isOwn: boolean;
  /** Whether the seller may no longer sell in its category. */
  readonly isBarred: boolean;
  readonly reserved: number;
  readonly toClient: number;
  readonly fromClient: number;
}

const nouns = ['Футболка', 'Кружка', 'Рюкзак', 'Лампа', 'Куртка', 'Плед', 'Наушники', 'Чайник'];
const colours = ['красная', 'синяя', 'зелёная', 'чёрная', 'белая', 'серая'];
const brands = ['Аврора', 'Nord & Co', 'Квадрат', 'Samovar', 'Лён', ''];

/** A number that looks random and is always the same for the same inputs. */
export function hash(...inputs: readonly number[]): number {
  let value = 0x9e3779b9;
  for (const input of inputs) {
    value = Math.imul(value ^ input, 0x85ebca6b);
    value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
    value ^= value >>> 16;
  }
  return value >>> 0;
}

/** At each revision another twentieth of the products has a new price and new stocks. */
const changes = 20;

export function generateProduct(seed: number, index: number, revision: number): GeneratedProduct {
  const changedAt = Math.max(0, revision - ((index + revision) % changes));
  const fixed = (salt: number) => hash(seed, index, salt);
  const moving = (salt: number) => hash(seed, index, salt, changedAt);
  const pick = (list: readonly string[], salt: number) => list[fixed(salt) % list.length] ?? '';
  const isSoldOut = moving(1) % 10 === 0;
  return {
    index,
    sku: `SKU-${String(index).padStart(6, '0')}`,
    name: `${pick(nouns, 2)} ${pick(colours, 3)} №${index}`,
    brand: pick(brands, 4),
    category: pick(nouns, 2),
    price: 10_000 + (moving(5) % 990_000),
    discountPercent: (moving(6) % 15) * 5,
    sizes: Array.from({ length: 1 + (fixed(7) % 3 === 0 ? 1 : 0) }, (_, size) => ({
      barcode: String(2_000_000_000_000 + index * 10 + size),
      quantity: isSoldOut ? 0 : moving(8 + size) % 40,
    })),
    isOwn: index % 10 === 9,
    isBarred: index % 20 === 13,
    reserved: isSoldOut ? 0 : moving(20) % 3,
    toClient: moving(21) % 5,
    fromClient: moving(22) % 3,
  };
}

/** Hundredths as a decimal: `120.00`. */
export const decimal = (hundredths: number): string => (hundredths / 100).toFixed(2);
