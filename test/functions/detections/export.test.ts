import fc from 'fast-check';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { day, second, travel } from '../../../harness/clock.ts';
import {
  at,
  type Detection,
  noon,
  type Query,
  seen,
  useDetections,
} from '../../../harness/detections/detections.ts';
import { setPlan, setRole, setTenantStatus, usedOf } from '../../../harness/items.ts';
import { type LogLine, logLines, outputOf } from '../../../harness/output.ts';
import { SlowReader, toResult } from '../../../harness/streams.ts';
import { type Member, newEni, type TokenBody, useWorld } from '../../../harness/world.ts';
import { toCell } from '../../../shared/detections/csv.ts';

const world = useWorld();
const { fresh, ingest, readAll } = useDetections(world);

const path = '/api/v1/detections/export';
const exportOf = (member: Pick<TokenBody, 'access_token'>, query: Query = {}) =>
  world.send<string>('GET', path, { token: member.access_token, query });
const rowsOf = async (member: Member, query: Query = {}) =>
  parse((await exportOf(member, query)).body).slice(1);

/** How often detections were read since the test began, and from which time on that fails. */
const reads = { count: 0, failsFrom: Number.POSITIVE_INFINITY };
beforeAll(async () => {
  const { tableClient } = await import('../../../shared/table/table.ts');
  tableClient.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        if (commandName === 'QueryCommand' && 'IndexName' in args.input) {
          reads.count += 1;
          if (reads.count >= reads.failsFrom) throw new Error('The table is on fire');
        }
        return next(args);
      },
    { step: 'initialize', name: 'reads' },
  );
});
beforeEach(() => {
  Object.assign(reads, { count: 0, failsFrom: Number.POSITIVE_INFINITY });
});

/** Reports as many detections, a second apart, and returns them newest first. */
async function report(count: number, key: string): Promise<Detection[]> {
  const reported = Array.from({ length: count }, (_, i) => ({
    ...seen,
    id: `r${i}`,
    ts: at(noon - i * second),
    probability: (i % 101) / 100,
  }));
  for (let from = 0; from < count; from += 100) await ingest(reported.slice(from, from + 100), key);
  return reported;
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
    expect(headers).toMatchObject({
      'content-type': 'text/csv; charset=utf-8; header=present',
      'content-disposition': 'attachment; filename="detections.csv"',
      'cache-control': 'no-store',
      'x-request-id': expect.any(String),
      'ratelimit-policy': '"export.tenant";q=10;w=3600',
    });
  });

  it('has what the list has, with any filter', async () => {
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
      expect(await rowsOf(member, query)).toEqual(items.map(toRow));
    }
    const nothing = { from: at(noon - day), to: at(noon - 2 * day) };
    expect(await rowsOf(member, nothing)).toEqual([]);
    expect(await rowsOf(member, { label: 'unheard of' })).toEqual([]);
  });

  it('is whole however many portions it is read in, and ends with a line break', async () => {
    const { member, key } = await fresh();
    const reported = await report(2300, key);

    const { body } = await exportOf(member);

    const lines = [header, ...reported.map(toRow)].map((row) => `${row.join(',')}\r\n`);
    expect(body).toBe(lines.join(''));
    expect(reads.count).toBeGreaterThanOrEqual(3);
    expect(await rowsOf(member, { min_probability: '1' })).toHaveLength(22);
  });

  it('goes as far back as the plan', async () => {
    const { member, key } = await fresh('ENTERPRISE');
    const days = [1, 40, 100, 300];
    await ingest(
      days.map((ago) => ({ ...seen, id: `d${ago}`, ts: at(noon - ago * day) })),
      key,
    );

    expect((await rowsOf(member)).map(([id]) => id)).toEqual(['d1', 'd40', 'd100', 'd300']);
    await setPlan(member, 'FREE');
    travel(31 * second);
    expect((await rowsOf(member)).map(([id]) => id)).toEqual(['d1']);
  });

  it('is for viewers too, and for each tenant its own', async () => {
    const [ours, theirs] = [await fresh(), await fresh()];
    await ingest([{ ...seen, id: 'ours' }], ours.key);
    await ingest([{ ...seen, id: 'theirs' }], theirs.key);
    await setRole(ours.member, 'viewer');
    travel(31 * second);

    expect((await rowsOf(ours.member)).map(([id]) => id)).toEqual(['ours']);
    expect((await rowsOf(theirs.member)).map(([id]) => id)).toEqual(['theirs']);
  });

  it('holds no formula', async () => {
    const { member, key } = await fresh();
    await ingest([{ ...seen, id: '-1', label: '-2:3' }], key);

    const [row] = await rowsOf(member);

    expect(row?.slice(0, 4)).toEqual(["'-1", at(noon), seen.source_ip, "'-2:3"]);
  });
});

describe('what is wrong before the first byte', () => {
  it.each([{ limit: '1000' }, { cursor: 'x' }, { tenant_id: 'x' }, { min_probability: '2' }])(
    'the query %j is 422',
    async (query) => {
      const { member } = await fresh();

      const { status, body } = await exportOf(member, query as unknown as Query);

      expect([status, body]).toMatchObject([422, { code: 'validation_failed' }]);
    },
  );

  it('an ended session is 401 and a suspended tenant 403, and neither counts for the tenant', async () => {
    const { member } = await fresh();
    await world.send('POST', '/api/v1/auth/logout', { token: member.access_token });
    const other = await fresh();
    await setTenantStatus(other.member, 'SUSPENDED');
    travel(31 * second);
    const ended = await exportOf(member);
    const suspended = await exportOf(other.member);

    expect([ended.status, ended.body]).toMatchObject([401, { code: 'unauthorized' }]);
    expect([suspended.status, suspended.body]).toMatchObject([403, { code: 'tenant_suspended' }]);
    expect(ended.headers['content-type']).toBe('application/problem+json');
    for (const { tenantId } of [member, other.member])
      expect(await usedOf('export.tenant', tenantId)).toBe(0);
    expect(reads.count).toBe(0);
  });

  it('the eleventh export of a tenant in an hour is 429', async () => {
    const { member } = await fresh();
    for (let i = 0; i < 10; i += 1) expect((await exportOf(member)).status).toBe(200);

    const { status, headers, body } = await exportOf(member);

    expect([status, body]).toMatchObject([429, { code: 'rate_limited' }]);
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
    expect((await exportOf((await fresh()).member)).status).toBe(200);
  });

  it('a table that cannot be read is 500', async () => {
    const { member } = await fresh();
    reads.failsFrom = 1;

    const { status, headers, body } = await exportOf(member);

    expect([status, body]).toMatchObject([500, { code: 'internal_error' }]);
    expect(headers['content-type']).toBe('application/problem+json');
  });
});

describe('an export under way', () => {
  /** Begins an export whose reader takes a piece only when told to. */
  async function begin(member: Member) {
    const { endpoint, event } = await world.request('GET', path, { token: member.access_token });
    if (!event) throw new Error('The authorizer refuses the request');
    const reader = new SlowReader();
    return { reader, ended: world.stream(endpoint.id, event, reader.stream) };
  }

  const logged = async (work: () => Promise<unknown>): Promise<LogLine[]> =>
    logLines(await outputOf(work));

  it('is at most two portions ahead of its reader', async () => {
    const { member, key } = await fresh();
    await report(3300, key);
    reads.count = 0;
    const { reader, ended } = await begin(member);

    const pieces: Buffer[] = [];
    const isOffered = () => reader.offered.then(() => !reader.stream.closed);
    while (await isOffered()) {
      // Whatever the export could do meanwhile, it would have done while others are served.
      for (let i = 0; i < 10; i += 1)
        await world.send('GET', '/api/v1/tenants/me', { token: member.access_token });
      // The first piece is the head.
      expect(reads.count - Math.max(0, pieces.length - 1)).toBeLessThanOrEqual(2);
      pieces.push((await reader.take()) ?? Buffer.alloc(0));
    }
    await ended;

    expect(parse(toResult(Buffer.concat(pieces)).body)).toHaveLength(3301);
    expect(reads.count).toBe(5);
  });

  it('that fails in the middle fails for its reader, is logged, and is a fault', async () => {
    const { member, key } = await fresh();
    await report(1100, key);
    Object.assign(reads, { count: 0, failsFrom: 2 });
    const pieces: Buffer[] = [];

    const lines = await logged(async () => {
      const { reader, ended } = await begin(member);
      const failed = expect(ended).rejects.toThrow('The answer was cut short');
      for (const _ of [1, 2]) pieces.push((await reader.take()) ?? Buffer.alloc(0));
      await failed;
      expect(reader.stream.writableEnded).toBe(false);
    });

    const { statusCode, body } = toResult(Buffer.concat(pieces));
    expect(statusCode).toBe(200);
    expect(body).not.toMatch(/\r\n$/);
    expect(parse(`${body}\r\n`)).toHaveLength(1001);
    expect(lines.filter(({ message }) => message === 'request')).toMatchObject([{ status: 500 }]);
    expect(lines.filter((line) => 'Faults' in line)).toMatchObject([
      { Faults: 1, endpoint: 'detections/export' },
    ]);
    expect(lines.find(({ message }) => message === 'failed')).toMatchObject({
      error_message: 'The table is on fire',
    });
    expect(lines.filter((line) => 'Latency' in line)).toHaveLength(1);
  });

  it('ends when its reader goes', async () => {
    const { member, key } = await fresh();
    await report(2300, key);
    reads.count = 0;

    const lines = await logged(async () => {
      const { reader, ended } = await begin(member);
      await reader.take();
      await reader.offered;
      reader.stream.destroy();
      await ended;
    });

    expect(reads.count).toBe(1);
    expect(lines.map(({ message }) => message)).toEqual(
      expect.arrayContaining(['abandoned', 'request']),
    );
    expect(lines.filter((line) => 'Latency' in line)).toHaveLength(1);
  });

  it('is measured and logged once, when it ends', async () => {
    const { member } = await fresh();

    const lines = await logged(async () => {
      const { reader, ended } = await begin(member);
      await reader.offered;
      travel(5 * second);
      while (await reader.take());
      await ended;
    });

    expect(lines.filter(({ message }) => message === 'request')).toMatchObject([
      { status: 200, duration_ms: 5000 },
    ]);
    expect(lines.filter((line) => 'Latency' in line)).toMatchObject([{ Latency: 5000 }]);
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
