import * as z from 'zod/mini';
import {
  type ChannelAdapter,
  type ChannelCall,
  ChannelError,
  type ChannelLimit,
  type ChannelPage,
  type ChannelProduct,
  type Credentials,
} from './adapter.ts';
import { allOrAbort } from './all-or-abort.ts';
import { assertQuantities, malformed, readJson, refusalText, sum } from './answers.ts';
import { describe } from './descriptions.ts';
import { type Price, readPrices } from './prices.ts';

const marketplace = 'ozon';
const productsPerPage = 1000;

/** 50 requests a second are allowed per Client-Id: at most 10 at once and 40 in the second after. */
const limit: ChannelLimit = { category: 'all', intervalMs: 25, burst: 10 };

const quantity = z.int().check(z.nonnegative());
/** Ids are 64 bits wide; the API spells them as numbers in some methods and as text in others. */
const Id = z.pipe(
  z.union([z.int().check(z.positive()), z.string().check(z.regex(/^[1-9]\d{0,18}$/))]),
  z.transform(String),
);
const Text = z.nullish(z.string());
/** Where the next page starts; nothing at the end. */
const Next = z.pipe(
  Text,
  z.transform((next) => next ?? ''),
);

const List = z.object({
  result: z.object({
    items: z.array(
      z.object({
        product_id: Id,
        has_fbo_stocks: z.nullish(z.boolean()),
        has_fbs_stocks: z.nullish(z.boolean()),
      }),
    ),
    total: quantity,
    last_id: Next,
  }),
});
type ListEntry = z.infer<typeof List>['result']['items'][number];

/** Later pages may be empty: the end of the list is one. */
const FirstList = List.check(
  z.refine(({ result }) => result.items.length > 0 || result.total === 0, {
    path: ['result', 'items'],
  }),
);

const Info = z.object({
  items: z.array(
    z.object({
      id: Id,
      offer_id: Text,
      name: Text,
      barcodes: z.nullish(z.array(Text)),
      currency_code: z.unknown(),
      /** `120.00`, exactly as it is sold; empty where there is no price. */
      price: z.unknown(),
      primary_image: z.nullish(z.union([z.string(), z.array(Text)])),
      images: z.nullish(z.array(Text)),
    }),
  ),
});
type ProductInfo = Omit<z.infer<typeof Info>['items'][number], 'price'> & {
  price: Price | undefined;
};
type InfoById = Map<string, ProductInfo>;

const Stocks = z.object({
  cursor: Next,
  total: quantity,
  items: z.array(
    z.object({
      product_id: Id,
      stocks: z.array(z.object({ present: quantity, reserved: quantity })),
    }),
  ),
});
type ProductStocks = z.infer<typeof Stocks>['items'][number]['stocks'];
type StocksById = Map<string, ProductStocks>;

/** Ozon: identifiers by pages of 1000, each joined with its product information and stocks. */
export const ozon: ChannelAdapter = { check, page };

async function check(credentials: Credentials, call: ChannelCall): Promise<void> {
  const { items } = await readList(credentials, '', 1, call);
  const ids = items.map(({ product_id }) => product_id);
  await readStocks(credentials, ids, call);
  if (ids.length > 0) await readInfo(credentials, ids, call);
}

/** Lists a page again when its products changed between the list and their details. */
async function page(
  credentials: Credentials,
  cursor: string | undefined,
  call: ChannelCall,
): Promise<ChannelPage> {
  for (let attempt = 1; ; attempt += 1) {
    const { items, total, last_id } = await readList(
      credentials,
      cursor ?? '',
      productsPerPage,
      call,
    );
    const end = { products: [], next: undefined, total, phase: 'products' };
    if (items.length === 0) return end;
    if (last_id !== '' && last_id === cursor)
      throw malformed('Ozon gives the same products over and over.');

    const ids = items.map(({ product_id }) => product_id);
    const [infos, stocks] = await allOrAbort(call, (both) => [
      readInfo(credentials, ids, both),
      readStocks(credentials, ids, both),
    ]);
    const products = items.flatMap((item) => {
      const info = infos.get(item.product_id);
      const entry = stocks.get(item.product_id) ?? (hasNoStocks(item) ? none : undefined);
      return info && entry ? toProduct(info, entry) : [];
    });
    if (products.length === items.length)
      return { ...end, products, next: last_id === '' ? undefined : last_id };
    if (attempt === joinAttempts)
      throw malformed('Ozon listed products and did not report everything about them.');
  }
}

const joinAttempts = 3;
const none: ProductStocks = [];

/** Stocks that are not reported are none only where the list says so too. */
const hasNoStocks = ({ has_fbo_stocks, has_fbs_stocks }: ListEntry): boolean =>
  has_fbo_stocks === false && has_fbs_stocks === false;

async function readList(credentials: Credentials, lastId: string, size: number, call: ChannelCall) {
  const { result } = await post(
    '/v3/product/list',
    {
      filter: { offer_id: [], product_id: [], visibility: 'ALL' },
      last_id: lastId,
      limit: size,
    },
    lastId === '' ? FirstList : List,
    credentials,
    call,
  );
  if (result.items.length > size) throw malformed('Ozon gave more products than asked for.');
  return result;
}

async function readInfo(
  credentials: Credentials,
  ids: readonly string[],
  call: ChannelCall,
): Promise<InfoById> {
  const body = { product_id: ids };
  return post(
    '/v3/product/info/list',
    body,
    z.pipe(
      Info,
      z.transform(({ items }): InfoById => {
        const prices = readPrices(
          marketplace,
          items.map((item) => ({
            external_id: item.id,
            amount: item.price,
            currency: item.currency_code,
          })),
        );
        return new Map(items.map((item) => [item.id, { ...item, price: prices.get(item.id) }]));
      }),
    ),
    credentials,
    call,
  );
}

/** Pages of stocks until all are there, or a page has no new one of those asked for. */
async function readStocks(
  credentials: Credentials,
  ids: readonly string[],
  call: ChannelCall,
): Promise<StocksById> {
  const asked = new Set(ids);
  const found: StocksById = new Map();
  let cursor = '';
  for (;;) {
    const before = found.size;
    const { items, cursor: next } = await post(
      '/v4/product/info/stocks',
      {
        cursor,
        filter: { offer_id: [], product_id: ids, visibility: 'ALL', with_quant: {} },
        // Without ids it is only tried whether the key may read stocks.
        limit: ids.length > 0 ? productsPerPage : 1,
      },
      Stocks,
      credentials,
      call,
    );
    for (const { product_id, stocks } of items)
      if (asked.has(product_id)) found.set(product_id, stocks);
    const isEnd = next === '' || found.size === asked.size || found.size === before;
    if (isEnd) return found;
    cursor = next;
  }
}

function toProduct(info: ProductInfo, stocks: ProductStocks): ChannelProduct {
  const { id, price } = info;
  const stock = sum(stocks.map(({ present }) => present));
  const reserved = sum(stocks.map((entry) => entry.reserved));
  assertQuantities({ marketplace, external_id: id }, [stock, reserved]);
  return {
    external_id: id,
    ...describe({
      sku: info.offer_id,
      name: info.name,
      images: [info.primary_image, info.images].flat(),
      barcodes: info.barcodes ?? [],
    }),
    ...(price && { price }),
    stock,
    reserved,
  };
}

function post<S extends z.ZodMiniType>(
  path: string,
  body: object,
  schema: S,
  credentials: Credentials,
  call: ChannelCall,
): Promise<z.output<S>> {
  return call.send(
    {
      marketplace,
      credentials,
      limit,
      method: 'POST',
      url: call.baseUrl(marketplace) + path,
      headers: {
        'client-id': credentials.client_id ?? '',
        'api-key': credentials.api_key ?? '',
      },
      body,
    },
    async (response) => {
      await assertOk(response, path);
      return readJson(response, schema, `The answer of Ozon to ${path}`);
    },
  );
}

/** Throws what a refusal means: 403 is about the key or about its roles, and says which. */
async function assertOk(response: Response, path: string): Promise<void> {
  if (response.status === 200) return;
  const text = await refusalText(response);
  const isAboutRole = /\brole/i.test(text);
  const isAboutKey = /api-?key|client-?id|deactivated|expired/i.test(text);
  if (
    response.status === 401 ||
    ([400, 403, 404].includes(response.status) && isAboutKey && !isAboutRole)
  )
    throw new ChannelError('wrong_key', 'Ozon does not accept this Client-Id and API key.');
  if (response.status === 403)
    throw new ChannelError('wrong_scope', `The Ozon key has no role for ${path}.`);
  throw malformed(`Ozon answered ${response.status} to ${path}.`);
}
