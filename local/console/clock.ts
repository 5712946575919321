import * as z from 'zod/mini';
import type { Schedules } from '../aws/schedules.ts';
import { type Clock, ClockError } from '../runtime/clock.ts';
import { jsonResponse } from '../runtime/http.ts';
import { bodyOf, ConsoleError, type ConsoleRoute } from './routes.ts';

const Advance = z.strictObject({ advance_seconds: z.number('is not a number of seconds') });

/** The time of the local cloud: read, and advanced. */
export function clockRoutes(clock: Clock): ConsoleRoute[] {
  const state = () => ({
    now: new Date().toISOString(),
    ahead_seconds: Math.round(clock.offsetMs / 1000),
  });
  return [
    [
      /^\/clock$/,
      {
        GET: () => jsonResponse(200, state()),
        POST: async ({ request }) => {
          const { advance_seconds: seconds } = bodyOf(request, Advance);
          await clock.advance(seconds).catch((error: unknown) => {
            if (!(error instanceof ClockError)) throw error;
            throw new ConsoleError(400, 'validation_failed', error.message, {
              extra: {
                errors: [{ in: 'body', pointer: '/advance_seconds', detail: error.message }],
              },
            });
          });
          return jsonResponse(200, state());
        },
      },
    ],
  ];
}

/** What runs by itself, and runs of it now. A name with a slash may be encoded or plain. */
export function scheduleRoutes(schedules: Schedules): ConsoleRoute[] {
  return [
    [/^\/schedules$/, { GET: () => jsonResponse(200, schedules.list()) }],
    [
      /^\/schedules\/(.+)\/run$/,
      {
        POST: async ({ parameters: [encoded = ''] }) => {
          const name = decodeName(encoded);
          const run = await schedules.run(name);
          if (!run) {
            const names = schedules.list().map((each) => each.name);
            throw new ConsoleError(
              404,
              'not_found',
              `There is no schedule ${name}. There are: ${names.join(', ') || 'none'}.`,
            );
          }
          if (run.error === null) return jsonResponse(200, { name, ...run });
          throw new ConsoleError(502, 'run_failed', `${name} failed: ${run.error}`, {
            extra: { ...run },
          });
        },
      },
    ],
  ];
}

function decodeName(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}
