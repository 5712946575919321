import type { Context } from 'aws-lambda';
import type * as z from 'zod/mini';
import { internalError } from '../contract/core-errors.ts';
import { AppError } from '../contract/errors.ts';
import type { Operation, OperatorAnswer, OperatorCall } from '../contract/operations.ts';
import { logger } from './logger.ts';
import { requestContext } from './request-context.ts';

/** What an operation works on: its input, and who asked for it. */
export type OperationCall<I extends z.ZodMiniObject> = z.output<I> & { readonly operator: string };

/**
 * The Lambda handler of an operation. Expected errors are told as they are; all others fail the
 * invocation. Every call is a line in the log: who, what, with which outcome.
 */
export function handleOperation<I extends z.ZodMiniObject>(
  { command, input: schema }: Pick<Operation<I>, 'command' | 'input'>,
  work: (call: OperationCall<I>) => Promise<Record<string, unknown>>,
) {
  return async ({ operator, input }: OperatorCall, context: Context): Promise<OperatorAnswer> => {
    logger.addContext(context);
    const parsed = schema.safeParse(input);
    if (!parsed.success) {
      const errors = parsed.error.issues.map(({ path, message }) => ({
        pointer: `/${path.join('/')}`,
        detail: message,
      }));
      const detail = 'The command was not given what it needs.';
      return { ok: false, problem: { code: 'validation_failed', status: 422, detail, errors } };
    }
    const log = (outcome: string) => logger.info('operation', { command, operator, outcome });
    return requestContext.run(
      { allowances: [], actor: { kind: 'operator', id: operator } },
      async () => {
        try {
          const result = await work({ ...parsed.data, operator });
          log('done');
          return { ok: true, result };
        } catch (error) {
          log(error instanceof AppError ? error.code : internalError.code);
          if (!(error instanceof AppError)) throw error;
          const { code, status, message } = error;
          return { ok: false, problem: { code, status, detail: message } };
        }
      },
    );
  };
}
