import { afterEach, describe, expect, it, vi } from 'vitest';
import { ozon } from '../../../shared/channels/ozon.ts';
import { wildberries } from '../../../shared/channels/wildberries.ts';
import { logger } from '../../../shared/runtime/logger.ts';
import { report, row, stock, stocks, useAnswers } from './answers-server.ts';

const { give, page } = useAnswers();
const warn = vi.spyOn(logger, 'warn').mockReturnValue();
afterEach(() => warn.mockClear());

describe('quantities', () => {
  it.each([
    [stock(1, 1e9, 1e9)],
    [{ product_id: 1, stocks: [stock(1, 4e8, 4e8), stock(1, 6e8, 6e8)].flatMap((s) => s.stocks) }],
  ])('of Ozon are exact up to a thousand million: %j', async (entry) => {
    give({ stocks: stocks(entry) });

    expect((await page(ozon)).products).toMatchObject([{ stock: 1e9, reserved: 1e9 }]);
  });

  it('of Wildberries are exact up to a thousand million', async () => {
    give({ report: report(row(1, 4e8), row(2, 1e9), row(1, 6e8)) });

    expect((await page(wildberries)).products).toMatchObject([{ stock: 1e9, in_transit_to: 2 }]);
  });

  it.each([
    [ozon, { stocks: stocks(stock(1, 1e9 + 1)) }],
    [ozon, { stocks: stocks(stock(1, 1, 3e9)) }],
    [ozon, { stocks: stocks(stock(1, Number.MAX_SAFE_INTEGER)) }],
    [wildberries, { report: report(row(1, 2 ** 32)) }],
    [wildberries, { report: report(row(1, 6e8), row(1, 6e8)) }],
    [wildberries, { report: report({ ...row(1), inWayToClient: 3e9 }) }],
  ])('that nobody has are refused, and the log says of what: %#', async (adapter, answers) => {
    give(answers);

    await expect(page(adapter)).rejects.toMatchObject({
      code: 'malformed',
      message: expect.stringMatching(/^\D*$/),
    });
    expect(warn).toHaveBeenCalledWith('seller_quantity_refused', {
      marketplace: adapter === ozon ? 'ozon' : 'wildberries',
      external_id: '1',
    });
  });

  it.each([-1, 1.5, 2 ** 53, '7', null])(
    'that are no whole numbers are refused: %j',
    async (wrong) => {
      give({ stocks: stocks(stock(1, wrong)), report: report(row(1, wrong)) });

      for (const adapter of [ozon, wildberries])
        await expect(page(adapter)).rejects.toMatchObject({ code: 'malformed' });
    },
  );
});
