import { describe, expect, it } from 'vitest';
import { wildberries } from '../../../shared/sellers/wildberries.ts';
import { row, useAnswers } from './answers-server.ts';

const { give, page } = useAnswers();

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
