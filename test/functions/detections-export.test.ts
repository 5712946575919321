import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toCell } from '../../shared/detections-csv.ts';
import { day, second } from '../support/clock.ts';
import {
  at,
  type Detection,
  noon,
  type Query,
  seen,
  useDetections,
} from '../support/detections.ts';
import { type Member, newEni, useWorld } from '../support/world.ts';

const world = useWorld();
const { fresh, ingest, readAll } = useDetections(world);

const exportOf = (member: Member, query: Query = {}) =>
  world.send<string>('GET', '/api/v1/detections/export', { token: member.access_token, query });

/** Everything that following the links gives, and how many pages it took. */
async function follow(member: Member, query: Query = {}) {
  let csv = '';
  let pages = 0;
  for (let next: Query | undefined = query; next; pages += 1) {
    const { status, headers, body } = await exportOf(member, next);
    expect(status).toBe(200);
    expect(headers['content-type']).toBe(
      `text/csv; charset=utf-8; header=${pages === 0 ? 'present' : 'absent'}`,
    );
    csv += body;
    const target = /^<([^>]+)>; rel="next"$/.exec(headers.link ?? '')?.[1];
    expect(target === undefined).toBe(headers.link === undefined);
    next = target === undefined ? undefined : queryOf(target);
    if (pages > 100) throw new Error('The links do not end');
  }
  return { csv, pages };
}

function queryOf(target: string): Query {
  const url = new URL(target, 'https://example.com');
  expect(url.pathname).toBe('/api/v1/detections/export');
  return Object.fromEntries(url.searchParams);
}

/** Reads RFC 4180. */
function parse(csv: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
  for (let match = cell.exec(csv); match; match = cell.exec(csv)) {
    row.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
    if (match[3] === '\r\n') {
      rows.push(row);
      row = [];
    }
  }
  return rows;
}

const header = ['id', 'ts', 'source_ip', 'label', 'probability', 'eni_id', 'vni'];
const toRow = (one: Detection) =>
  [one.id, one.ts, one.source_ip, one.label, one.probability, one.eni_id ?? '', one.vni ?? ''].map(
    String,
  );

describe('the export', () => {
  it('of a tenant without detections is the header row', async () => {
    const { member } = await fresh();

    const { headers, body } = await exportOf(member);

    expect(body).toBe(`${header.join(',')}\r\n`);
    expect(headers['content-disposition']).toBe('attachment; filename="detections.csv"');
    expect(headers.link).toBeUndefined();
  });

  it('has what the list has, with any filter and page, the header once', async () => {
    const { member, key } = await fresh();
    const eni = newEni();
    await world.send('POST', '/api/v1/enis', {
      token: member.access_token,
      body: { eni_ids: [eni] },
    });
    await ingest(
      Array.from({ length: 60 }, (_, i) => ({
        ...seen,
        id: `e${i}`,
        ts: at(noon - i * day),
        label: i % 2 ? 'port scan' : 'MALWARE',
        probability: i / 60,
        ...(i % 3 === 0 && { eni_id: eni }),
      })),
      key,
    );

    for (const query of [
      {},
      { label: 'port scan', min_probability: '0.25' },
      { from: at(noon - 40 * day), to: at(noon - 3 * day), source_ip: '192.0.2.1' },
      { eni_id: eni },
    ] as Query[]) {
      const { items } = await readAll(query, member);
      expect(items.length).toBeGreaterThan(5);
      for (const limit of ['7', '1000']) {
        const { csv, pages } = await follow(member, { ...query, limit });
        expect(parse(csv)).toEqual([header, ...items.map(toRow)]);
        expect(pages).toBeGreaterThan(limit === '7' ? 1 : 0);
      }
    }
  });

  it('has at most 1000 rows a page, unless told fewer', async () => {
    const { member, key } = await fresh();
    for (let batch = 0; batch < 11; batch += 1)
      await ingest(
        Array.from({ length: 100 }, (_, i) => ({
          ...seen,
          ts: at(noon - (batch * 100 + i) * second),
        })),
        key,
      );

    expect(parse((await exportOf(member)).body)).toHaveLength(1001);
    const { csv, pages } = await follow(member);
    expect(parse(csv)).toHaveLength(1101);
    expect(pages).toBe(2);
  });

  it('holds no formula', async () => {
    const { member, key } = await fresh();
    await ingest([{ ...seen, id: '-1', label: '-2:3' }], key);

    const [, row] = parse((await exportOf(member)).body);

    expect(row?.slice(0, 4)).toEqual(["'-1", at(noon), seen.source_ip, "'-2:3"]);
  });

  it.each([
    [{ limit: '1001' }, 422],
    [{ limit: '0' }, 422],
    [{ tenant_id: 'x' }, 422],
    [{ cursor: 'x' }, 400],
  ])('refuses the query %j', async (query, status) => {
    const { member } = await fresh();

    expect((await exportOf(member, query as unknown as Query)).status).toBe(status);
  });

  it('does not go on for another tenant, nor with other filters', async () => {
    const [ours, theirs] = [await fresh(), await fresh()];
    await ingest([seen, seen], ours.key);
    const { headers } = await exportOf(ours.member, { limit: '1' });
    const next = queryOf(/<(.+)>/.exec(headers.link ?? '')?.[1] ?? '');

    expect((await exportOf(theirs.member, next)).status).toBe(400);
    expect((await exportOf(ours.member, { ...next, label: 'MALWARE' })).status).toBe(400);
    expect((await exportOf(ours.member, next)).status).toBe(200);
  });
});

describe('a cell', () => {
  it('comes back as it went in, and never begins as a formula', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.string({ unit: 'binary' }),
            fc.string({
              unit: fc.constantFrom('=', '+', '-', '@', '"', ',', '\r', '\n', '\t', ' '),
            }),
          ),
          { minLength: 1, maxLength: 5 },
        ),
        (cells) => {
          const [row = [], ...more] = parse(`${cells.map(toCell).join(',')}\r\n`);

          expect(more).toEqual([]);
          expect(row.map((text) => text.replace(/^'(?=[=+\-@\t\r])/, ''))).toEqual(
            cells.map((text) => text.replace(/^'(?=[=+\-@\t\r])/, '')),
          );
          for (const text of row) expect(text).not.toMatch(/^[=+\-@\t\r]/);
        },
      ),
    );
  });
});
