import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { ozon } from '../../../shared/channels/ozon.ts';
import { wildberries } from '../../../shared/channels/wildberries.ts';
import { card, cards, row, useAnswers } from './answers-server.ts';

const { give, page, newCall, credentials } = useAnswers();

/** An answer that has begun and does not end by itself; tells when it has begun and when it was cut off. */
function hanging(start: string) {
  const begun = Promise.withResolvers<void>();
  const cut = Promise.withResolvers<void>();
  return {
    begun: begun.promise,
    cut: cut.promise,
    answer: (_asked: never, response: ServerResponse) => {
      response.on('close', cut.resolve);
      response.writeHead(200).write(start, () => begun.resolve());
    },
  };
}

/** A refusal of the key, once the other request is under way. */
const refuseAfter = (begun: Promise<void>) => async (_asked: never, response: ServerResponse) => {
  await begun;
  response.writeHead(401).end('{}');
};

describe('a page that fails lets go of what else it asked for', () => {
  it('the stock report, when the cards are refused', async () => {
    const report = hanging(`{"data":{"items":[${JSON.stringify(row(1))},`);
    give({ report: report.answer, cards: refuseAfter(report.begun) });

    await expect(page(wildberries)).rejects.toMatchObject({ code: 'wrong_key' });
    await report.cut;
  });

  it('the cards, when the stock report is refused', async () => {
    const begun = hanging('{"cards":[');
    give({ cards: begun.answer, report: refuseAfter(begun.begun) });

    await expect(page(wildberries)).rejects.toMatchObject({ code: 'wrong_key' });
    await begun.cut;
  });

  it('the stocks, when the information is refused', async () => {
    const stocks = hanging('{"items":[');
    give({ stocks: stocks.answer, info: refuseAfter(stocks.begun) });

    await expect(page(ozon)).rejects.toMatchObject({ code: 'wrong_key' });
    await stocks.cut;
  });

  it('and the next page of the same call asks for the stock report again', async () => {
    const report = hanging('{"data":{"items":[');
    give({ report: report.answer, cards: refuseAfter(report.begun) });
    const call = newCall();
    await expect(wildberries.page(credentials, undefined, call)).rejects.toThrow();
    give({ report: { data: { items: [row(1, 3)] } }, cards: cards(card(1)) });

    const { products } = await wildberries.page(credentials, undefined, call);

    expect(products).toMatchObject([{ stock: 3 }]);
  });
});
