import { describe, expect, test } from 'vitest';
import { listProducts } from '../../../shared/products/contract.ts';
import {
  isNarrowed,
  type Listing,
  queryOf,
  readListing,
  usualListing,
  writeListing,
} from '../../../web/products/listing.ts';

const unusual: Listing = {
  search: 'кружка & "чашка"',
  show: 'all',
  min: 0,
  max: 12,
  sort: 'price',
  order: 'desc',
  page: 3,
};

describe('the listing of products in an address', () => {
  test.each([usualListing, unusual, { ...usualListing, show: 'low' as const, page: 2 }])(
    'is read as it was written: %j',
    (listing) => {
      expect(readListing(writeListing(listing))).toEqual(listing);
    },
  );

  test('is nothing when all is as usual', () => {
    expect(writeListing(usualListing)).toBe('');
    expect(isNarrowed(usualListing)).toBe(false);
  });

  test.each(['?page=-1', '?page=1e9', '?show=none', '?sort=secret', '?min=x', '?order=up'])(
    'is as usual where it makes no sense: %s',
    (search) => {
      expect(readListing(search)).toEqual(usualListing);
    },
  );
});

describe('what the API is asked for', () => {
  test.each<Listing>([
    usualListing,
    unusual,
    { ...usualListing, show: 'low', min: 20 },
    { ...usualListing, show: 'missing', search: 'x' },
  ])('is a query of the contract: %j', (listing) => {
    const query = queryOf(listing, 25);
    const sent = Object.fromEntries(
      Object.entries(query).map(([name, value]) => [name, String(value)]),
    );

    expect(listProducts.query.parse(sent)).toMatchObject(query);
  });

  test('leaves a range of stock out where low stock stands for one', () => {
    const query = queryOf({ ...usualListing, show: 'low', min: 20, max: 30 }, 25);

    expect(query).toMatchObject({ low_stock_only: true, missing: false });
    expect(query).not.toHaveProperty('min_stock');
    expect(query).not.toHaveProperty('max_stock');
  });
});
