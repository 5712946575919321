import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import * as z from 'zod/mini';
import { parseStage } from '../infra/stage.ts';
import {
  type Operation,
  type OperatorAnswer,
  type OperatorCall,
  operationFunctionName,
} from '../shared/contract/operations.ts';
import { operations } from '../shared/contract/registry.ts';
import { helpFor, helpForAll, optionsOf } from './help.ts';
import { table } from './table.ts';

/** Exit codes: a script can tell what happened by them. */
export const exitCodes = {
  done: 0,
  failed: 1,
  misused: 2,
  notFound: 3,
  refused: 4,
  different: 5,
} as const;

/** Something that ends the command with a sentence and an exit code. */
class Stop extends Error {
  readonly exitCode: number;
  constructor(message: string, exitCode: number, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

const LocalEndpoints = z.looseObject({ lambda: z.url() });

interface Target {
  readonly client: LambdaClient;
  readonly stage: string;
}

function knownStage(stage: string): string {
  try {
    return parseStage(stage);
  } catch (error) {
    throw new Stop(error instanceof Error ? error.message : String(error), exitCodes.misused);
  }
}

/** Where the functions are: a deployed stage, or the local run of the data folder. */
function targetOf(stage: string | undefined): Target {
  if (stage !== undefined) return { client: new LambdaClient({}), stage: knownStage(stage) };
  const dataDir = process.env.DATA_DIR ?? '.local';
  try {
    const file = readFileSync(join(dataDir, 'endpoints.json'), 'utf8');
    const { lambda } = LocalEndpoints.parse(JSON.parse(file));
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    const client = new LambdaClient({ endpoint: lambda, region: 'us-east-1', credentials });
    return { client, stage: 'local' };
  } catch (error) {
    throw new Stop(
      `No local run in ${dataDir}: start one with npm start, or name a deployed stage: --stage dev`,
      exitCodes.misused,
      { cause: error },
    );
  }
}

/** Invokes an operation. Ends the command where it is refused or fails. */
async function call({ client, stage }: Target, operation: Operation, input: object) {
  const payload: OperatorCall = { operator: process.env.AWS_PROFILE ?? userInfo().username, input };
  const { Payload, FunctionError } = await client.send(
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

async function confirm(operation: Operation, input: object, isAgreed: boolean): Promise<void> {
  if (operation.changes === undefined || isAgreed) return;
  const what = `${operation.summary}: ${JSON.stringify(input)}\n${operation.changes}`;
  if (!process.stdin.isTTY) throw new Stop(`${what}\nAdd --yes to do it.`, exitCodes.misused);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`${what}\nDo it? [y/N] `);
  terminal.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new Stop('Nothing was done.', exitCodes.refused);
}

/** Runs a command with its arguments. Returns the exit code; the result goes to standard output. */
async function run(words: readonly string[]): Promise<number> {
  const operation = [...operations.values()].find(({ command }) =>
    command.split(' ').every((word, index) => words[index] === word),
  );
  if (!operation) {
    const wantsHelp = words.length === 0 || words.includes('--help') || words[0] === 'help';
    const out = helpForAll([...operations.values()], words[0]);
    if (!wantsHelp) throw new Stop(`There is no such command.\n\n${out}`, exitCodes.misused);
    console.log(out);
    return exitCodes.done;
  }
  const { values, positionals } = readWords(operation, words);
  if (values.help) {
    console.log(helpFor(operation));
    return exitCodes.done;
  }
  const { help: _, json, all, yes, stage, ...options } = values;
  const given = Object.fromEntries(operation.positional.map((name, at) => [name, positionals[at]]));
  const input = { ...given, ...options };
  const missing = operation.positional.find((name) => given[name] === undefined);
  if (missing) throw new Stop(`${missing} is missing.\n\n${helpFor(operation)}`, exitCodes.misused);
  await confirm(operation, input, yes === true);
  const target = targetOf(stage as string | undefined);
  const result = await collect(target, operation, input, all === true);
  console.log(json ? JSON.stringify(result, null, 2) : table(result));
  return result.is_different === true ? exitCodes.different : exitCodes.done;
}

function readWords(operation: Operation, words: readonly string[]) {
  const args = words.slice(operation.command.split(' ').length);
  try {
    return parseArgs({ args, options: optionsOf(operation), allowPositionals: true });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Stop(`${reason}\n\n${helpFor(operation)}`, exitCodes.misused);
  }
}

/** One page, or with `--all` every page, telling on standard error how far it is. */
async function collect(target: Target, operation: Operation, input: object, isAll: boolean) {
  let result = await call(target, operation, input);
  if (!isAll) return result;
  const items = [...listOf(result.items)];
  while (typeof result.next_cursor === 'string') {
    if (process.stderr.isTTY) process.stderr.write(`\r${items.length} …`);
    result = await call(target, operation, { ...input, cursor: result.next_cursor });
    items.push(...listOf(result.items));
  }
  if (process.stderr.isTTY) process.stderr.write('\r');
  return { ...result, items };
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

if (import.meta.main) {
  try {
    process.exitCode = await run(process.argv.slice(2));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = error instanceof Stop ? error.exitCode : exitCodes.failed;
  }
}
