import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { pretendBcrypt } from '../../harness/bcrypt.ts';
import { allItems } from '../../harness/items.ts';
import { hasCursor, loadSamples, type RequestTo, sampleOf } from '../../harness/samples.ts';
import { sendTo, stageOf } from '../../harness/stage.ts';
import { newTenant, password, type Tenant } from '../../harness/tenant.ts';
import { type Answered, useWorld } from '../../harness/world.ts';
import type { Endpoint } from '../../shared/contract/endpoint.ts';
import { endpoints } from '../../shared/contract/registry.ts';

const world = useWorld();
const stage = stageOf(world);
const samples = await loadSamples();

beforeAll(() => {
  pretendBcrypt(password);
});
afterAll(() => {
  vi.restoreAllMocks();
});

const owned = endpoints.filter(
  ({ access }) => access.kind === 'bearer' || access.kind === 'apiKey',
);
const byName = (list: readonly Endpoint[]) =>
  list.map((endpoint) => [`${endpoint.method} ${endpoint.paths[0]}`, endpoint] as const);

/** Sends a request as a tenant. */
const sendAs = async (tenant: Tenant, endpoint: Endpoint, request: RequestTo) =>
  sendTo(world, endpoint, { ...request, ...(await tenant.credentialsFor(endpoint)) });

const requestOf = (tenant: Tenant, endpoint: Endpoint) =>
  sampleOf(samples, endpoint).request(tenant);

type Item = Record<string, unknown>;
const isOf = ({ tenantId }: Tenant, item: Item) => JSON.stringify(item).includes(tenantId);
const keyOf = ({ pk, sk }: Item) => `${pk} ${sk}`;

/** What is in the table and not the acting tenant's. Counters of limits are left out. */
async function itemsOfOthers(acting: Tenant): Promise<Map<string, Item>> {
  const items = await allItems();
  return new Map(
    items
      .filter((item) => !isOf(acting, item) && !String(item.pk).startsWith('LIMIT#'))
      .map((item) => [keyOf(item), item]),
  );
}

/**
 * Holds that what one tenant does changes and makes nothing of others. What is nobody's yet may change
 * by a claim alone.
 */
async function withoutHarm<T>(
  acting: Tenant,
  others: readonly Tenant[],
  act: () => Promise<T>,
  { isClaim = false } = {},
) {
  const all = await itemsOfOthers(acting);
  const before = isClaim
    ? new Map([...all].filter(([, item]) => others.some((other) => isOf(other, item))))
    : all;
  const result = await act();
  const after = await itemsOfOthers(acting);
  for (const [key, item] of before) expect(after.get(key), key).toEqual(item);
  const made = [...after].filter(([key]) => !all.has(key)).map(([, item]) => item);
  expect(made.filter((item) => others.some((other) => isOf(other, item)))).toEqual([]);
  return result;
}

/** An answer without what tells requests of one tenant apart: the id, and what is left of a limit. */
const withoutRequestId = ({ status, headers, body }: Answered) => {
  const { 'x-request-id': _, ratelimit: __, ...rest } = headers;
  return { status, headers: rest, body: { ...(body as object), request_id: '' } };
};

/** An id of the same kind that nothing has. */
const unknownLike = (id: string) => id.slice(0, -1) + (id.endsWith('0') ? '1' : '0');

const isTime = (text: string) => /^\d{4}-\d\d-\d\d(T|$)/.test(text);

/** Every text in an answer, or in the cells of a file, but times. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return value.split(/[\r\n,]+/).filter((text) => !isTime(text));
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(textsOf);
}

const withoutTimes = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (_, member) =>
    typeof member === 'string' && isTime(member) ? 'a time' : member,
  );

describe.each(byName(owned.filter(({ path }) => path)))('%s (checks 60, 64)', (_, endpoint) => {
  it('knows no id of another tenant, alone or beside ids of the own', async () => {
    const [a, b] = [await newTenant(stage), await newTenant(stage)];
    const [ofA, ofB] = [await requestOf(a, endpoint), await requestOf(b, endpoint)];
    const ids = Object.entries(ofA.path as Record<string, string>);
    const unknown = Object.fromEntries(ids.map(([name, id]) => [name, unknownLike(id)]));

    await withoutHarm(b, [a], async () => {
      const foreign = await sendAs(b, endpoint, ofA);
      expect(foreign).toMatchObject({ status: 404, body: { code: 'not_found' } });
      const ofNone = await sendAs(b, endpoint, { ...ofA, path: unknown });
      expect(withoutRequestId(foreign)).toEqual(withoutRequestId(ofNone));
      for (const [name, id] of ids) {
        const path = { ...(ofB.path as object), [name]: id };
        const mixed = await sendAs(b, endpoint, { ...ofB, path });
        expect(mixed, name).toMatchObject({ status: 404, body: { code: 'not_found' } });
      }
    });
    // The ids were of something that is there, and still is.
    const { status } = sampleOf(samples, endpoint);
    expect(await sendAs(a, endpoint, ofA)).toMatchObject({ status });
  });
});

describe.each(byName(owned.filter(({ method, path }) => method === 'GET' && !path)))(
  '%s (check 64)',
  (_, endpoint) => {
    it('shows each tenant their own alone', async () => {
      const [a, other, b] = [
        await newTenant(stage),
        await newTenant(stage),
        await newTenant(stage),
      ];
      const request = await requestOf(a, endpoint);
      await requestOf(other, endpoint);

      const ofA = await sendAs(a, endpoint, request);
      const ofOther = await sendAs(other, endpoint, request);
      const ofB = await withoutHarm(b, [a, other], () => sendAs(b, endpoint, request));

      const { status } = sampleOf(samples, endpoint);
      for (const answer of [ofA, ofOther, ofB]) expect(answer).toMatchObject({ status });
      expect(
        isDeepStrictEqual(withoutTimes(ofA.body), withoutTimes(ofB.body)),
        'A tenant with nothing sees the same: let `arrange` of the sample make something to see',
      ).toBe(false);
      const common = new Set(textsOf(ofOther.body));
      const marks = textsOf(ofA.body).filter((text) => text !== '' && !common.has(text));
      expect(textsOf(ofB.body).filter((text) => marks.includes(text))).toEqual([]);
      const marksOfOther = new Set(textsOf(ofA.body));
      expect(
        textsOf(ofB.body).filter((text) => common.has(text) && !marksOfOther.has(text)),
      ).toEqual([]);
    });
  },
);

describe.each(byName(owned.filter(({ query }) => hasCursor(query))))(
  '%s (check 61)',
  (_, endpoint) => {
    it('refuses the cursor of another tenant', async () => {
      const [a, b] = [await newTenant(stage), await newTenant(stage)];
      const [ofA, ofB] = [await requestOf(a, endpoint), await requestOf(b, endpoint)];
      const { body } = await sendAs(a, endpoint, ofA);
      const cursor = (body as { next_cursor: string | null }).next_cursor;
      expect(cursor, 'The sample must have a next page').toEqual(expect.any(String));

      const turned = (request: RequestTo) => ({
        ...request,
        query: { ...(request.query as object), cursor },
      });
      const foreign = await withoutHarm(b, [a], () => sendAs(b, endpoint, turned(ofB)));

      expect(foreign).toMatchObject({ status: 400, body: { code: 'invalid_cursor' } });
      expect((await sendAs(a, endpoint, turned(ofA))).status).toBe(200);
    });
  },
);

describe.each(byName(owned.filter(({ method, path }) => method !== 'GET' && !path)))(
  '%s (check 64)',
  (_, endpoint) => {
    const { foreign, status, isClaim } = sampleOf(samples, endpoint);

    it('changes the own alone', async () => {
      const [a, b] = [await newTenant(stage), await newTenant(stage)];
      const ofA = await requestOf(a, endpoint);
      await requestOf(b, endpoint);

      const answer = await withoutHarm(b, [a], () => sendAs(b, endpoint, ofA), { isClaim });

      expect(answer).toMatchObject({ status });
      // What the tenant had still serves.
      expect(await sendAs(a, endpoint, await requestOf(a, endpoint))).toMatchObject({ status });
    });

    if (foreign)
      it(`answers ${foreign.error.code} to a request about what another tenant has`, async () => {
        const [a, b] = [await newTenant(stage), await newTenant(stage)];
        const ofA = await foreign.arrange(a);

        const answer = await withoutHarm(b, [a], () => sendAs(b, endpoint, ofA));

        const { status: refused, code } = foreign.error;
        expect(answer).toMatchObject({ status: refused, body: { code } });
      });
  },
);
