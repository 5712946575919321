import { afterEach, beforeEach, describe, expect, expectTypeOf, test, vi } from 'vitest';
import * as z from 'zod/mini';
import { createApiKey, deleteApiKey, listApiKeys } from '../../../shared/api-keys/contract.ts';
import { bearer, defineEndpoint, roles } from '../../../shared/contract/endpoint.ts';
import { login } from '../../../shared/identity/contract.ts';
import { createApi } from '../../../web/app/api.ts';
import { createSession } from '../../../web/app/session.ts';

const findNotes = defineEndpoint({
  id: 'notes/find',
  method: 'GET',
  paths: ['/api/v1/shelves/{shelf}/notes'],
  tag: 'notes',
  summary: 'Find notes',
  access: bearer(roles),
  query: z.strictObject({ text: z.optional(z.string()), limit: z.optional(z.coerce.number()) }),
  path: z.strictObject({ shelf: z.string() }),
  responses: {
    200: { description: 'Notes', schema: z.strictObject({ items: z.array(z.string()) }) },
  },
});

let answer: () => Response;
const fetched = vi.fn<(address: string, request: RequestInit) => void>();
const session = createSession({
  storage: { getItem: () => 'refresh', setItem() {}, removeItem() {} },
  exchange: async () => ({ access_token: 'renewed', refresh_token: 'next' }),
  onEnd() {},
});
const api = createApi(session);

beforeEach(() => {
  answer = () => Response.json({ items: [] });
  session.open({ access_token: 'token', refresh_token: 'refresh' });
  vi.stubGlobal('fetch', async (address: string, request: RequestInit) => {
    fetched(address, request);
    return answer();
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
  fetched.mockClear();
});

const requests = () =>
  fetched.mock.calls.map(([address, { method, headers, body }]) => ({
    asked: `${method} ${address}`,
    token: new Headers(headers).get('authorization'),
    body,
  }));

describe('a call by an entry of the contract', () => {
  test('goes where the entry says, with the token of the session', async () => {
    const keys = await api.call(listApiKeys);

    expectTypeOf(keys.items[0]?.name).toEqualTypeOf<string | undefined>();
    expect(requests()).toEqual([
      { asked: 'GET /api/v1/api-keys', token: 'Bearer token', body: undefined },
    ]);
  });

  test('puts path and query into the address, and leaves out what is undefined', async () => {
    const query = { text: 'a&b', limit: 5 };
    await api.call(findNotes, { path: { shelf: 'top/left' }, query });
    await api.call(findNotes, { path: { shelf: 'top' }, query: { text: undefined } });

    expect(requests().map(({ asked }) => asked)).toEqual([
      'GET /api/v1/shelves/top%2Fleft/notes?text=a%26b&limit=5',
      'GET /api/v1/shelves/top/notes',
    ]);
  });

  test('sends a body as JSON, and no token where none is asked for', async () => {
    const body = { email: 'a@example.com', password: 'correct horse' };
    await api.call(login, { body });

    expect(requests()).toEqual([
      { asked: 'POST /api/v1/auth/login', token: null, body: JSON.stringify(body) },
    ]);
  });

  test('answers nothing for 204', async () => {
    answer = () => new Response(null, { status: 204 });

    const nothing = await api.call(deleteApiKey, { path: { id: 'key_1' } });

    expectTypeOf(nothing).toEqualTypeOf<undefined>();
    expect(nothing).toBeUndefined();
  });

  test('is renewed once by the session when its token is refused', async () => {
    answer = () =>
      fetched.mock.calls.length === 1
        ? Response.json({ code: 'unauthorized', detail: 'No.' }, { status: 401 })
        : Response.json({ items: [] });

    await api.call(listApiKeys);

    expect(requests().map(({ token }) => token)).toEqual(['Bearer token', 'Bearer renewed']);
  });

  test('must have what the entry demands', () => {
    const wrong = [
      // @ts-expect-error A body is missing.
      () => api.call(createApiKey),
      // @ts-expect-error A path is missing.
      () => api.call(findNotes, { query: { limit: 5 } }),
      // @ts-expect-error It has no such body.
      () => api.call(deleteApiKey, { path: { id: 'key_1' }, body: {} }),
      // @ts-expect-error A number is no text.
      () => api.call(findNotes, { path: { shelf: 'top' }, query: { text: 5 } }),
    ];

    expect(wrong).toHaveLength(4);
  });
});
