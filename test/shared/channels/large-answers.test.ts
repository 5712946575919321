import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ozon } from '../../../shared/channels/ozon.ts';
import { createWildberries, wildberries } from '../../../shared/channels/wildberries.ts';
import { list, listed, useAnswers } from './answers-server.ts';

const { give, page, newCall, credentials } = useAnswers();

const padding = ' '.repeat(64 * 1024);

/** Answers that never end; `sent` has how many bytes went into each. */
function endless(sent: number[], status = 200, start = '{"data":{"items":[') {
  return (_asked: never, response: ServerResponse) => {
    const place = sent.push(0) - 1;
    const more = () => {
      let isWritable = !response.destroyed;
      while (isWritable) {
        isWritable = response.write(padding);
        sent[place] = (sent[place] ?? 0) + padding.length;
      }
    };
    response.writeHead(status);
    response.write(start);
    response.on('drain', more);
    more();
  };
}

describe('an answer larger than any that is documented', () => {
  it.each([
    ['list', ozon, 32],
    ['info', ozon, 32],
    ['stocks', ozon, 32],
    ['cards', wildberries, 32],
    ['prices', wildberries, 32],
    ['report', createWildberries({ stockRows: 10_000 }), 32],
  ] as const)('is malformed and let go: %s', async (method, adapter, megabytes) => {
    const sent: number[] = [];
    give({ [method]: endless(sent) });

    await expect(page(adapter)).rejects.toMatchObject({ code: 'malformed' });

    expect(sent.length).toBeGreaterThanOrEqual(4);
    for (const bytes of sent) expect(bytes).toBeLessThan(megabytes * 1024 * 1024);
  });

  it('is let go when it unpacks to what it is', async () => {
    const packed = Buffer.concat(
      Array.from({ length: 25 }, () => gzipSync(Buffer.alloc(16_000_000, 32))),
    );
    give({
      list: (_asked, response) => {
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(packed);
      },
    });

    await expect(page(ozon)).rejects.toMatchObject({
      code: 'malformed',
      message: 'The answer of Ozon to /v3/product/list is too large.',
    });
  });

  it('is let go when it is a refusal', async () => {
    const sent: number[] = [];
    give({ list: endless(sent, 403, 'Api-Key is not known') });

    await expect(ozon.check(credentials, newCall())).rejects.toMatchObject({ code: 'wrong_key' });
    expect(sent).toHaveLength(1);
    expect(sent[0]).toBeLessThan(16 * 1024 * 1024);
  });

  it('is told from one in which a letter lies across two pieces', async () => {
    const { result } = list(listed(1));
    const text = JSON.stringify({ result: { ...result, note: 'я'.repeat(200_000) } });
    give({ list: `${text} ` });

    expect((await page(ozon)).products).toHaveLength(1);
  });
});
