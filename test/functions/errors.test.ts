import type { APIGatewayProxyEvent } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { pretendBcrypt } from '../../harness/bcrypt.ts';
import { freezeInWindow, second, travel } from '../../harness/clock.ts';
import { lastingItems, useUp } from '../../harness/items.ts';
import { limitNamed } from '../../harness/limits.ts';
import { logLines, outputOf } from '../../harness/output.ts';
import {
  type Answered,
  type Member,
  randomAddress,
  toEvent,
  useWorld,
} from '../../harness/world.ts';
import { type Endpoint, gatewayPaths } from '../../shared/contract/endpoint.ts';
import { errorsOf } from '../../shared/contract/openapi.ts';
import { endpoints } from '../../shared/contract/registry.ts';
import { ProblemSchema } from '../../shared/contract/schemas.ts';
import { identityKeys } from '../../shared/identity/keys.ts';

const world = useWorld();
let owner: Member;
let apiKey: string;
beforeAll(async () => {
  pretendBcrypt('correct horse battery');
  owner = await world.signUp();
  const { body } = await world.send<{ key: string }>('POST', '/api/v1/api-keys', {
    token: owner.access_token,
    body: { name: 'sensor' },
  });
  apiKey = body.key;
});
afterAll(() => {
  vi.restoreAllMocks();
});

const usesTable = endpoints.filter(({ table }) => table !== undefined);
const credentials = { email: 'new@example.com', password: 'correct horse battery' };
const bodies: Record<string, object> = {
  'marketplace/register': { 'x-amzn-marketplace-token': 'unknown' },
  'marketplace/complete-profile': { registration_ticket: 'x', ...credentials },
  'auth/register': { ...credentials, company_name: 'Example Ltd' },
  'auth/login': credentials,
  'tenants/update-mine': { name: 'New name' },
  'api-keys/create': { name: 'sensor' },
  'detections/claim-enis': { eni_ids: ['eni-0123456789abcdef0'] },
  'detections/ingest': {
    detections: [{ source_ip: '192.0.2.1', label: 'X', probability: 1 }],
  },
};

function eventFor(endpoint: Endpoint): APIGatewayProxyEvent {
  const path = gatewayPaths(endpoint)[0] ?? '';
  const body =
    endpoint.id === 'auth/refresh' ? { refresh_token: owner.refresh_token } : bodies[endpoint.id];
  const event = toEvent(
    endpoint,
    path,
    path,
    path.includes('{eni_id}') ? { eni_id: 'eni-00000000' } : { id: `key_${'0'.repeat(26)}` },
    {
      ...(endpoint.body && { body }),
      ...(endpoint.access.kind === 'apiKey' && { apiKey }),
      query: endpoint.id === 'marketplace/register-by-link' ? { token: 'x' } : {},
      address: randomAddress(),
    },
  );
  event.requestContext.authorizer = {
    tenant_id: owner.tenantId,
    user_id: owner.userId,
    role: 'owner',
    session_id: owner.sessionId,
    expires_at: String(Math.floor(Date.now() / 1000) + 900),
  };
  return event;
}

/** Answers DynamoDB's place: whatever is asked, it fails in one way. */
async function whileTheTableFails(error: object, work: () => Promise<Answered>): Promise<Answered> {
  const { tableClient } = await import('../../shared/table/table.ts');
  const spy = vi.spyOn(tableClient, 'send').mockRejectedValue(error as never);
  try {
    return await work();
  } finally {
    spy.mockRestore();
  }
}

function expectProblem({ status, headers, body }: Answered, code: string) {
  const problem = ProblemSchema.parse(body);
  expect(headers['content-type']).toBe('application/problem+json');
  expect(problem).toMatchObject({
    type: `urn:tenantry:problem:${code}`,
    status,
    code,
    request_id: headers['x-request-id'],
  });
  expect(headers).toMatchObject({
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'strict-transport-security': 'max-age=31536000; includeSubDomains',
  });
}

describe.each(usesTable.map((endpoint) => [endpoint.id, endpoint] as const))(
  '%s, when the table fails',
  (_, endpoint) => {
    it.each([
      [
        'throttles',
        Object.assign(new Error('slow down'), {
          name: 'ThrottlingException',
          $retryable: { throttling: true },
        }),
      ],
      [
        'is broken',
        Object.assign(new Error('oops'), { name: 'InternalServerError', $fault: 'server' }),
      ],
      ['does not answer', Object.assign(new Error('late'), { name: 'TimeoutError' })],
      ['is out of reach', Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })],
    ])(
      'because it %s: 503 with Retry-After, or what needed no table (checks 73, 74)',
      async (_case, error) => {
        // Nothing that a container remembers of an earlier answer may help.
        travel(31 * second);

        const answer = await whileTheTableFails(error, () =>
          world.invoke(endpoint.id, eventFor(endpoint)),
        );

        if (endpoint.id === 'health/ready') {
          expect(answer).toMatchObject({ status: 503, body: { status: 'unhealthy' } });
          expect(JSON.stringify(answer.body)).not.toContain(error.message);
          return;
        }
        expect(answer.status).toBe(503);
        expectProblem(answer, 'busy');
        expect(answer.headers['retry-after']).toBe('2');
      },
    );

    it('because of a fault of ours: one sentence to the caller, the cause in the log (check 73)', async () => {
      travel(31 * second);
      const error = Object.assign(new Error('secret detail of the table'), {
        name: 'ValidationException',
        $fault: 'client',
      });
      let answer: Answered | undefined;

      const output = await outputOf(async () => {
        answer = await whileTheTableFails(error, () =>
          world.invoke(endpoint.id, eventFor(endpoint)),
        );
      });

      if (!answer || endpoint.id === 'health/ready') return;
      expect(answer.status).toBe(500);
      expectProblem(answer, 'internal_error');
      expect(JSON.stringify(answer)).not.toMatch(/secret detail|ValidationException|\.ts|at /);
      const cause = logLines(output).find(({ message }) => message === 'failed');
      expect(cause).toMatchObject({
        level: 'ERROR',
        error_message: 'secret detail of the table',
        request_id: answer.headers['x-request-id'],
        endpoint: endpoint.id,
      });
    });
  },
);

describe('an event that the gateway should not have sent', () => {
  it.each(endpoints.filter(({ access }) => access.kind === 'bearer').map(({ id }) => id))(
    '%s without a principal is a 500, never another tenant (checks 66, 68, 73)',
    async (id) => {
      const endpoint = endpoints.find((candidate) => candidate.id === id);
      if (!endpoint) throw new Error('There is no such endpoint');
      const before = await lastingItems();
      for (const authorizer of [
        null,
        {},
        { tenant_id: owner.tenantId },
        { tenant_id: 7, user_id: 7, role: 'owner', session_id: 7 },
      ]) {
        const event = eventFor(endpoint);
        event.requestContext.authorizer = authorizer;

        const answer = await world.invoke(id, event);

        expect(answer.status).toBe(500);
        expectProblem(answer, 'internal_error');
      }
      expect(await lastingItems()).toEqual(before);
    },
  );

  it.each([undefined, '', 'x', 'NaN', '0'])(
    'with %j for the end of the token is a 401, since the gateway remembers (check 66)',
    async (expires_at) => {
      const endpoint = endpoints.find(({ id }) => id === 'tenants/get-mine');
      if (!endpoint) throw new Error('There is no such endpoint');
      const event = eventFor(endpoint);
      event.requestContext.authorizer = { ...event.requestContext.authorizer, expires_at };

      const answer = await world.invoke(endpoint.id, event);

      expect(answer.status).toBe(401);
      expectProblem(answer, 'unauthorized');
      expect(answer.headers['www-authenticate']).toContain('Bearer');
    },
  );

  it('with a token that ended while the gateway remembered it is a 401', async () => {
    const endpoint = endpoints.find(({ id }) => id === 'tenants/get-mine');
    if (!endpoint) throw new Error('There is no such endpoint');
    const event = eventFor(endpoint);
    travel(906 * second);

    expectProblem(await world.invoke(endpoint.id, event), 'unauthorized');
  });
});

describe('a limit on refresh (check 74)', () => {
  it.each(['refresh.address', 'refresh.tenant', 'refresh.account'] as const)(
    '%s answers 429 with Retry-After and RateLimit fields, and the token still works after',
    async (limit) => {
      const { windowSeconds, quota } = limitNamed(limit);
      freezeInWindow(windowSeconds);
      travel(windowSeconds * second);
      const member = await world.signUp();
      const address = randomAddress();
      if (limit === 'refresh.account') await useUpSession(member, quota);
      else await useUp(limit, limit === 'refresh.tenant' ? member.tenantId : address, quota);

      const refused = await world.refresh(member.refresh_token, { address });

      expect(refused.status).toBe(429);
      expectProblem(refused, 'rate_limited');
      const seconds = String(windowSeconds - 1);
      expect(refused.headers['retry-after']).toBe(seconds);
      expect(refused.headers.ratelimit).toContain(`"${limit}";r=0;t=${seconds}`);
      expect(refused.headers['ratelimit-policy']).toContain(
        `"${limit}";q=${quota};w=${windowSeconds}`,
      );
      travel(windowSeconds * second);
      expect((await world.refresh(member.refresh_token, { address })).status).toBe(200);
    },
  );

  it('of an address counts made-up tokens too, exactly', async () => {
    const { windowSeconds, quota } = limitNamed('refresh.address');
    freezeInWindow(windowSeconds);
    const address = randomAddress();
    await useUp('refresh.address', address, quota - 5);

    const answers = await Promise.all(
      Array.from({ length: 50 }, () => world.refresh('made up', { address })),
    );

    expect(answers.filter(({ status }) => status === 401)).toHaveLength(5);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(45);
  });
});

describe('Secrets Manager, while a function starts', () => {
  it.each([
    ['fails', { error: 'InternalServiceError', status: 500 }, 503, 'busy'],
    ['hangs up', { hangUp: true as const }, 503, 'busy'],
    ['refuses us', { error: 'AccessDeniedException' }, 500, 'internal_error'],
  ])(
    '%s: nobody is signed in, and the caller is told when to come back (checks 68, 73, 74)',
    async (_, answer, status, code) => {
      vi.resetModules();
      world.awsAnswers('GetSecretValue', () => answer);

      const refused = await world.login(owner.email, owner.password);

      expect(refused.status).toBe(status);
      expectProblem(refused, code);
      expect(refused.headers['retry-after']).toBe(status === 503 ? '2' : undefined);
      expect(refused.body).not.toHaveProperty('access_token');
    },
  );
});

describe('the codes that the contract promises', () => {
  it.each(endpoints.map((endpoint) => [endpoint.id, endpoint] as const))(
    '%s has a status for each of them',
    (_, endpoint) => {
      for (const { status, detail } of errorsOf(endpoint)) {
        expect(status).toBeGreaterThanOrEqual(400);
        expect(detail.length).toBeGreaterThan(10);
      }
    },
  );
});

/** Uses up the account's limit on refresh, which is counted inside the session. */
async function useUpSession({ tenantId, userId, sessionId }: Member, used: number): Promise<void> {
  const [{ updateItem }, { limitWindow }] = await Promise.all([
    import('../../shared/table/table.ts'),
    import('../../shared/limits/limits.ts'),
  ]);
  await updateItem({
    Key: identityKeys.session(tenantId, userId, sessionId),
    UpdateExpression: 'SET window_start_ms = :start, window_count = :used',
    ExpressionAttributeValues: {
      ':start': limitWindow(limitNamed('refresh.account'), Date.now()).startMs,
      ':used': used,
    },
  });
}
