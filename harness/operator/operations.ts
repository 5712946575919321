import type { Context } from 'aws-lambda';
import type { Operation, OperatorAnswer } from '../../shared/contract/operations.ts';
import { operations } from '../../shared/contract/registry.ts';
import { underGrantsOf } from '../grants.ts';

// Each loads when first needed: a function reads its environment when it loads.
const handlers = import.meta.glob<{
  handler: (call: unknown, context: Context) => Promise<OperatorAnswer>;
}>('../../functions/**/*.ts');

/** Does what an operator's command does, under the grants of its entry. */
export async function operate(command: string, input: object): Promise<OperatorAnswer> {
  const operation = operations.get(command) as Operation;
  const load = handlers[`../../functions/${operation.id}.ts`];
  if (!load) throw new Error(`There is no handler ${operation.id}`);
  const { handler } = await load();
  return underGrantsOf(operation.id, operation, () =>
    handler({ operator: 'tester', input }, {} as Context),
  );
}

/** What a command answers. Throws unless it succeeds. */
export async function operated<T = Record<string, unknown>>(
  command: string,
  input: object,
): Promise<T> {
  const answer = await operate(command, input);
  if (!answer.ok) throw new Error(`${command} answered ${answer.problem.code}`);
  return answer.result as T;
}
