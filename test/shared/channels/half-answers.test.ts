import { describe, expect, it } from 'vitest';
import { ozon } from '../../../shared/channels/ozon.ts';
import { wildberries } from '../../../shared/channels/wildberries.ts';
import { info, list, listed, row, stock, stocks, useAnswers } from './answers-server.ts';

const { give, page, asked } = useAnswers();

describe('half an answer of Wildberries is none', () => {
  it.each([
    ['numbers for rows', '{"data":{"items":[1,2,3]}}'],
    ['nothing for a row', '{"data":{"items":[null]}}'],
    ['no JSON for a row', '{"data":{"items":[garbage]}}'],
    ['a list of a list', `{"data":{"items":[[${JSON.stringify(row(1))}]]}}`],
    ['an error with an empty list', '{"error":true,"data":{"items":[]}}'],
    ['an error after rows', `{"data":{"items":[${JSON.stringify(row(1))}]},"error":true}`],
    ['more after the end', '{"data":{"items":[]}} and more'],
    ['an empty body', ''],
  ])('in the stock report: %s', async (_, report) => {
    give({ report });

    await expect(page(wildberries)).rejects.toMatchObject({ code: 'malformed' });
  });

  it('in the stock report: a part of it, by its status', async () => {
    give({
      report: (_asked, response) => {
        response.writeHead(206).end('{"data":{"items":[]}}');
      },
    });

    await expect(page(wildberries)).rejects.toMatchObject({ code: 'malformed' });
  });

  it('but a seller without stocks has none', async () => {
    give({
      report: (_asked, response) => {
        response.writeHead(204).end();
      },
    });

    expect((await page(wildberries)).products).toMatchObject([{ external_id: '1', stock: 0 }]);
  });
});

describe('half an answer of Ozon is none', () => {
  const three = list(listed(1), listed(2), listed(3));
  const told = { items: [info(1), info(2), info(3)] };

  it.each([
    ['no stocks at all', stocks()],
    ['stocks of some', stocks(stock(1), stock(3))],
    ['stocks of others', stocks(stock(1), stock(2), stock(9))],
    ['stocks of one three times', stocks(stock(1), stock(1), stock(1))],
  ])('for the asked products: %s', async (_, half) => {
    give({ list: three, info: told, stocks: half });

    await expect(page(ozon)).rejects.toMatchObject({ code: 'malformed' });
    expect(asked.filter((method) => method === 'list').length).toBeGreaterThan(1);
  });

  it('for the asked products: no information about one', async () => {
    const half = { items: [info(1), info(3)] };
    give({ list: three, info: half, stocks: stocks(stock(1), stock(2), stock(3)) });

    await expect(page(ozon)).rejects.toMatchObject({ code: 'malformed' });
  });

  it('of the list: no products of many', async () => {
    give({ list: { result: { items: [], total: 250, last_id: '' } } });

    await expect(page(ozon)).rejects.toMatchObject({ code: 'malformed' });
    expect(asked).toEqual(['list', 'list', 'list', 'list']);
  });

  it('but a product that the list calls without stocks has none', async () => {
    const without = { has_fbo_stocks: false, has_fbs_stocks: false };
    give({ list: list(listed(1), listed(2, without)), info: told, stocks: stocks(stock(1)) });

    expect((await page(ozon)).products).toMatchObject([
      { external_id: '1', stock: 5, reserved: 1 },
      { external_id: '2', stock: 0, reserved: 0 },
    ]);
  });

  it.each([
    { has_fbo_stocks: true, has_fbs_stocks: false },
    { has_fbo_stocks: false, has_fbs_stocks: true },
    { has_fbo_stocks: null, has_fbs_stocks: false },
    { has_fbo_stocks: undefined, has_fbs_stocks: undefined },
  ])('and one of which the list says %j has some', async (flags) => {
    give({ list: list(listed(1, flags)), stocks: stocks() });

    await expect(page(ozon)).rejects.toMatchObject({ code: 'malformed' });
  });

  it('and a product that is archived meanwhile is left out', async () => {
    give({
      list: () =>
        asked.filter((method) => method === 'list').length > 1 ? list(listed(1)) : three,
      info: told,
      stocks: stocks(stock(1)),
    });

    expect((await page(ozon)).products.map(({ external_id }) => external_id)).toEqual(['1']);
  });
});

describe('stocks of Ozon that come in pages', () => {
  const three = list(listed(1), listed(2), listed(3));
  const told = { items: [info(1), info(2), info(3)] };

  it('are put together', async () => {
    const pages: Record<string, object> = {
      '': { cursor: 'a', total: 3, items: [stock(1)] },
      a: { cursor: 'b', total: 3, items: [stock(2)] },
      b: { cursor: 'c', total: 3, items: [stock(3)] },
    };
    give({ list: three, info: told, stocks: ({ cursor }: { cursor: string }) => pages[cursor] });

    expect((await page(ozon)).products.map(({ stock: many }) => many)).toEqual([5, 5, 5]);
    expect(asked.filter((method) => method === 'stocks')).toHaveLength(3);
  });

  it.each([
    ['the same pages in turn', (): object[] => [stock(1)]],
    ['pages of others', () => [stock(7)]],
    ['empty pages', () => []],
  ])('end with %s', async (_, items) => {
    let turn = 0;
    give({
      list: three,
      info: told,
      stocks: () => ({ cursor: turn++ % 2 === 0 ? 'a' : 'b', total: 3, items: items() }),
    });

    await expect(page(ozon)).rejects.toMatchObject({ code: 'malformed' });
    expect(asked.filter((method) => method === 'stocks').length).toBeLessThan(30);
  });
});
