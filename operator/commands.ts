import { userInfo } from 'node:os';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import * as z from 'zod/mini';
import {
  type Operation,
  type OperatorAnswer,
  type OperatorCall,
  operationFunctionName,
} from '../shared/contract/operations.ts';
import { operations, queues } from '../shared/contract/registry.ts';
import { findQueues, peek, replay } from './dead-letters.ts';
import { exitCodes, progress, Stop } from './stop.ts';
import type { Target } from './target.ts';

export type Result = Readonly<Record<string, unknown>>;

/** Something that operators can type, and what it does. */
export interface Command
  extends Pick<Operation, 'command' | 'summary' | 'input' | 'positional' | 'changes'> {
  readonly perform: (target: Target, input: Result) => Promise<Result>;
}

const queueName = z.strictObject({
  queue: z.string().check(z.refine((name) => queues.has(name), `is one of ${[...queues.keys()]}`)),
});

/** What is done to queues, with the operator's own right to them. */
const ofQueues: readonly Command[] = [
  {
    command: 'dead-letters list',
    summary: 'Up to ten messages that were given up',
    input: queueName,
    positional: ['queue'],
    perform: async ({ sqs, stage }, { queue }) => {
      const client = sqs();
      const { deadLettersUrl } = await findQueues(client, stage, String(queue));
      return { items: await peek(client, deadLettersUrl) };
    },
  },
  {
    command: 'dead-letters replay',
    summary: 'Put every message that was given up back into its queue',
    changes: 'Each is worked on once more; one that is interrupted may come twice.',
    input: queueName,
    positional: ['queue'],
    perform: async ({ sqs, stage }, { queue }) => {
      const client = sqs();
      const found = await findQueues(client, stage, String(queue));
      return { replayed: await replay(client, found, (count) => progress(`${count} replayed …`)) };
    },
  },
];

/** Every command, by its words. */
export const commands: readonly Command[] = [
  ...[...operations.values()].map((operation) => ({
    ...operation,
    perform: (target: Target, input: Result) => invoke(target, operation, input),
  })),
  ...ofQueues,
].toSorted((a, b) => (a.command < b.command ? -1 : 1));

/** Invokes an operation. Throws a `Stop` where it is refused or fails. */
async function invoke({ lambda, stage }: Target, operation: Operation, input: Result) {
  const payload: OperatorCall = { operator: process.env.AWS_PROFILE ?? userInfo().username, input };
  const { Payload, FunctionError } = await lambda().send(
    new InvokeCommand({
      FunctionName: operationFunctionName(stage, operation),
      Payload: JSON.stringify(payload),
    }),
  );
  const answer: unknown = JSON.parse(Buffer.from(Payload ?? []).toString() || 'null');
  if (FunctionError) {
    const { errorMessage } = answer as { errorMessage?: string };
    throw new Stop(`${operation.id} failed: ${errorMessage}. See its log.`, exitCodes.failed);
  }
  const told = answer as OperatorAnswer;
  if (told.ok) return told.result;
  const { status, code, detail, errors = [] } = told.problem;
  const lines = errors.map((error) => `  ${error.pointer} ${error.detail}`);
  const exitCode =
    status === 404 ? exitCodes.notFound : status === 422 ? exitCodes.misused : exitCodes.refused;
  throw new Stop([`${detail} (${code})`, ...lines].join('\n'), exitCode);
}
