import { describe, expect, test } from 'vitest';
import { ApiError, explain, readProblem } from '../../../web/app/problem.ts';
import { clock } from '../../../web/components/format.ts';

const now = new Date('2026-11-20T12:00:00.000Z');

describe('readProblem', () => {
  test('reads a problem document and its headers', async () => {
    const fields = [{ in: 'body', pointer: '/email', detail: 'is not an email address' }];
    const response = Response.json(
      { code: 'validation_failed', detail: 'See errors.', request_id: 'r-1', errors: fields },
      { status: 422, headers: { 'retry-after': '7' } },
    );

    expect(await readProblem(response)).toMatchObject({
      code: 'validation_failed',
      status: 422,
      message: 'See errors.',
      requestId: 'r-1',
      fields,
      retryAfterSeconds: 7,
    });
  });

  test.each(['<h1>Bad gateway</h1>', '', 'null', '{"code":1}'])(
    'makes do with an answer like %j',
    async (body) => {
      const problem = await readProblem(new Response(body, { status: 502 }));

      expect(problem).toMatchObject({ code: 'unexpected_answer', status: 502, fields: [] });
    },
  );
});

describe('explain', () => {
  test('says when to try again', () => {
    const problem = new ApiError('rate_limited', 429, 'A limit.', { retryAfterSeconds: 300 });

    const later = clock(new Date('2026-11-20T12:05:00.000Z'));
    expect(explain(problem, now)).toBe(`Too many attempts. Try again in 5 minutes, at ${later}.`);
  });

  test('gives a reference for what only we can repair', () => {
    const problem = new ApiError('internal_error', 500, 'Our side.', { requestId: 'r-1' });

    expect(explain(problem, now)).toBe('Our side. (request r-1)');
  });

  test('hides the words of a bug', () => {
    expect(explain(new TypeError('x is undefined'), now)).toBe(
      'Something went wrong in this page. Reload it.',
    );
  });
});
