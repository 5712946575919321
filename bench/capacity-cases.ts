import { syncOnce } from './products/sync-subject.ts';

/** A request to an endpoint of the contract. */
export interface Request {
  body?: unknown;
  /** An access token. */
  token?: string;
  apiKey?: string;
  pathParameters?: Record<string, string>;
  query?: Record<string, string>;
}

/** Sends a request through the functions of the product; the body of the answer comes back. */
export type Send = (
  endpointId: string,
  request: Request,
  expectedStatus?: number,
) => Promise<Record<string, string>>;

const password = 'correct horse battery';
let serial = 0;
const newEmail = () => `capacity-${Date.now()}-${++serial}@example.com`;
const newEni = () =>
  `eni-${(Date.now() * 1000 + ++serial).toString(16).padStart(17, '0').slice(-17)}`;
const newToken = () => `${Date.now().toString(36)}${++serial}`;

/** Signs up and returns what an owner has; a new one is unknown to every container. */
export async function newOwner(send: Send) {
  const email = newEmail();
  const body = { email, password, company_name: 'Example Ltd' };
  const { access_token, refresh_token } = await send('auth/register', { body });
  if (!access_token || !refresh_token) throw new Error('Sign-up gave no tokens');
  return { email, token: access_token, refreshToken: refresh_token };
}

export type Owner = Awaited<ReturnType<typeof newOwner>>;

/** One way of calling an endpoint. */
export interface Case {
  endpointId: string;
  /** When this is the figure, where the endpoint has more than one. */
  when?: string;
  expectedStatus?: number;
  /** Makes the request for an owner; what it needs first is not measured. */
  request: (owner: Owner, send: Send, newOzonKey: () => object) => Request | Promise<Request>;
}

const detections = (count: number) =>
  Array.from({ length: count }, () => ({
    source_ip: '192.0.2.10',
    label: 'MALWARE',
    probability: 0.9,
    eni_id: 'eni-0123456789abcdef0',
  }));

async function newApiKey({ token }: Owner, send: Send) {
  const { key, id } = await send('api-keys/create', { token, body: { name: 'sensor' } });
  if (!key || !id) throw new Error('There is no API key');
  return { key, id };
}

/** Asks for detections of this quarter and the one before, when all that there are came in this one. */
async function listOf(owner: Owner, send: Send, count: number): Promise<Request> {
  const { key } = await newApiKey(owner, send);
  await send('detections/ingest', { apiKey: key, body: { detections: detections(count) } });
  const now = new Date();
  const quarterStart = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - (now.getUTCMonth() % 3));
  const from = new Date(quarterStart - 1);
  return { token: owner.token, query: { from: from.toISOString(), to: now.toISOString() } };
}

/** The same request whenever one is made for an owner: it reads all that there is. */
function onceFor(request: Case['request']): Case['request'] {
  const made = new WeakMap<Owner, ReturnType<Case['request']>>();
  return (owner, ...rest) => {
    const known = made.get(owner) ?? request(owner, ...rest);
    made.set(owner, known);
    return known;
  };
}

/** A webhook that nothing in these cases publishes to. */
async function newWebhook({ token }: Owner, send: Send) {
  const { id } = await send('webhooks/create', { token, body: webhook });
  if (!id) throw new Error('There is no webhook');
  return id;
}

const webhook = { url: 'https://93.184.215.14/hook', events: ['detection.created'] };

async function newDelivery(owner: Owner, send: Send) {
  const id = await newWebhook(owner, send);
  const delivery = await send('webhooks/test', { token: owner.token, pathParameters: { id } });
  if (!delivery.id) throw new Error('There is no delivery');
  return { id, delivery_id: delivery.id };
}

/** A request to one of the owner's webhooks. */
const toWebhook =
  (body?: object): Case['request'] =>
  async (owner, send) => ({
    token: owner.token,
    pathParameters: { id: await newWebhook(owner, send) },
    ...(body && { body }),
  });

async function newTicket(send: Send): Promise<string> {
  const body = { 'x-amzn-marketplace-token': newToken() };
  const { registration_ticket } = await send('marketplace/register', { body });
  if (!registration_ticket) throw new Error('There is no registration ticket');
  return registration_ticket;
}

/** The request with which an owner signs in. */
export const signIn = ({ email }: Owner): Request => ({ body: { email, password } });
const purchase = () => ({ body: { 'x-amzn-marketplace-token': newToken() } });

/** Every endpoint that uses the table, in the order of the contract. */
export const cases: readonly Case[] = [
  { endpointId: 'health/ready', request: () => ({}) },
  { endpointId: 'marketplace/register', when: 'a new purchase', request: purchase },
  {
    endpointId: 'marketplace/register',
    when: 'a known purchase',
    request: async (_, send) => {
      const known = purchase();
      await send('marketplace/register', known);
      return known;
    },
  },
  {
    endpointId: 'marketplace/register-by-link',
    when: 'a new purchase',
    request: () => ({ query: { token: newToken() } }),
  },
  {
    endpointId: 'marketplace/complete-profile',
    request: async (_, send) => ({
      body: { registration_ticket: await newTicket(send), email: newEmail(), password },
    }),
  },
  {
    endpointId: 'auth/register',
    request: () => ({ body: { email: newEmail(), password, company_name: 'Example Ltd' } }),
  },
  { endpointId: 'auth/login', request: signIn },
  {
    endpointId: 'auth/login',
    when: 'a wrong password',
    expectedStatus: 401,
    request: ({ email }) => ({ body: { email, password: 'another horse battery' } }),
  },
  {
    endpointId: 'auth/login',
    when: 'an unknown email',
    expectedStatus: 401,
    request: () => ({ body: { email: newEmail(), password } }),
  },
  {
    endpointId: 'auth/refresh',
    request: ({ refreshToken }) => ({ body: { refresh_token: refreshToken } }),
  },
  {
    endpointId: 'auth/refresh',
    when: 'a retry within the grace',
    request: async ({ refreshToken }, send) => {
      const body = { refresh_token: refreshToken };
      await send('auth/refresh', { body });
      return { body };
    },
  },
  { endpointId: 'auth/logout', request: ({ token }) => ({ token }) },
  { endpointId: 'tenants/get-mine', request: ({ token }) => ({ token }) },
  {
    endpointId: 'tenants/update-mine',
    request: ({ token }) => ({ token, body: { name: 'Another Ltd' } }),
  },
  {
    endpointId: 'api-keys/create',
    request: ({ token }) => ({ token, body: { name: 'sensor' } }),
  },
  { endpointId: 'api-keys/list', request: ({ token }) => ({ token }) },
  {
    endpointId: 'api-keys/delete',
    request: async (owner, send) => ({
      token: owner.token,
      pathParameters: { id: (await newApiKey(owner, send)).id },
    }),
  },
  { endpointId: 'webhooks/create', request: ({ token }) => ({ token, body: webhook }) },
  { endpointId: 'webhooks/list', request: ({ token }) => ({ token }) },
  { endpointId: 'webhooks/get', request: toWebhook() },
  { endpointId: 'webhooks/update', request: toWebhook({ enabled: false }) },
  { endpointId: 'webhooks/delete', request: toWebhook() },
  { endpointId: 'webhooks/rotate-secret', request: toWebhook() },
  { endpointId: 'webhooks/test', request: toWebhook() },
  {
    endpointId: 'webhooks/list-deliveries',
    request: async (owner, send) => ({
      token: owner.token,
      pathParameters: { id: (await newDelivery(owner, send)).id },
    }),
  },
  {
    endpointId: 'webhooks/replay-delivery',
    request: async (owner, send) => ({
      token: owner.token,
      pathParameters: await newDelivery(owner, send),
    }),
  },
  {
    endpointId: 'detections/list',
    when: '50 of this quarter',
    request: (owner, send) => listOf(owner, send, 60),
  },
  {
    endpointId: 'detections/list',
    when: '10 of this quarter',
    request: (owner, send) => listOf(owner, send, 10),
  },
  ...[1, 100].map((count) => ({
    endpointId: 'detections/ingest',
    when: count === 1 ? '1 detection' : `${count} detections`,
    request: async (owner: Owner, send: Send) => ({
      apiKey: (await newApiKey(owner, send)).key,
      body: { detections: detections(count) },
    }),
  })),
  {
    endpointId: 'channels/update-credentials',
    when: 'Ozon',
    request: ({ token }, _, newOzonKey) => ({ token, body: { ozon: newOzonKey() } }),
  },
  { endpointId: 'channels/get-credentials', request: ({ token }) => ({ token }) },
  { endpointId: 'channels/delete-credentials', request: ({ token }) => ({ token }) },
  {
    endpointId: 'detections/statistics',
    when: '100 detections of a day',
    request: async (owner, send) => {
      await listOf(owner, send, 100);
      // Of this month and the one before, whatever day it is.
      const now = new Date();
      const from = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 0));
      return { token: owner.token, query: { from: from.toISOString().slice(0, 10) } };
    },
  },
  {
    endpointId: 'detections/export',
    when: '50 of this quarter',
    request: onceFor((owner, send) => listOf(owner, send, 50)),
  },
  {
    endpointId: 'detections/claim-enis',
    when: 'the first',
    request: ({ token }) => ({ token, body: { eni_ids: [newEni()] } }),
  },
  {
    endpointId: 'detections/claim-enis',
    when: 'one more',
    request: async ({ token }, send) => {
      await send('detections/claim-enis', { token, body: { eni_ids: [newEni()] } });
      return { token, body: { eni_ids: [newEni()] } };
    },
  },
  { endpointId: 'detections/list-enis', request: ({ token }) => ({ token }) },
  {
    endpointId: 'detections/delete-eni',
    request: async ({ token }, send) => {
      const eniId = newEni();
      await send('detections/claim-enis', { token, body: { eni_ids: [eniId] } });
      return { token, pathParameters: { eni_id: eniId } };
    },
  },
  ...['none synced yet', '60 products'].map((when, index) => ({
    endpointId: 'products/list',
    when,
    request: async ({ token }: Owner) => {
      if (index === 1) await syncOnce(tenantOf(token), 60);
      return { token, query: { search: 'number', sort_by: 'price' } };
    },
  })),
  {
    endpointId: 'products/sync',
    when: 'without credentials',
    expectedStatus: 409,
    request: ({ token }) => ({ token }),
  },
  {
    endpointId: 'products/get-sync',
    expectedStatus: 404,
    request: ({ token }) => ({ token, pathParameters: { task_id: `syn_${'0'.repeat(26)}` } }),
  },
  { endpointId: 'products/sync-runs', request: ({ token }) => ({ token }) },
  ...['products/get', 'products/history'].map((endpointId) => ({
    endpointId,
    request: async ({ token }: Owner, send: Send) => {
      await syncOnce(tenantOf(token), 60);
      const { items } = await send('products/list', { token });
      const [product] = items as unknown as { id: string }[];
      return { token, pathParameters: { id: product?.id ?? '' } };
    },
  })),
  ...[
    'products/dashboard',
    'products/low-stock',
    'products/top',
    'products/stock-distribution',
  ].map((endpointId) => ({
    endpointId,
    request: async ({ token }: Owner) => {
      await syncOnce(tenantOf(token), 60);
      return { token };
    },
  })),
  { endpointId: 'products/sync-history', request: ({ token }) => ({ token }) },
];

function tenantOf(token: string): string {
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  return String(claims.tenant_id);
}
