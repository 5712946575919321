import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { type Command, commands, type Result } from './commands.ts';
import { helpFor, helpForAll, optionsOf } from './help.ts';
import { exitCodes, progress, Stop } from './stop.ts';
import { table } from './table.ts';
import { type Target, targetOf } from './target.ts';

async function confirm(command: Command, input: object, isAgreed: boolean): Promise<void> {
  if (command.changes === undefined || isAgreed) return;
  const what = `${command.summary}: ${JSON.stringify(input)}\n${command.changes}`;
  if (!process.stdin.isTTY) throw new Stop(`${what}\nAdd --yes to do it.`, exitCodes.misused);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`${what}\nDo it? [y/N] `);
  terminal.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new Stop('Nothing was done.', exitCodes.refused);
}

/** Runs a command with its arguments. Returns the exit code; the result goes to standard output. */
async function run(words: readonly string[]): Promise<number> {
  const command = commands.find((one) =>
    one.command.split(' ').every((word, index) => words[index] === word),
  );
  if (!command) {
    const wantsHelp = words.length === 0 || words.includes('--help') || words[0] === 'help';
    const help = helpForAll(commands, words[0]);
    if (!wantsHelp) throw new Stop(`There is no such command.\n\n${help}`, exitCodes.misused);
    console.log(help);
    return exitCodes.done;
  }
  const { values, positionals } = readWords(command, words);
  const { help, json, all, yes, stage, ...options } = values;
  if (help) {
    console.log(helpFor(command));
    return exitCodes.done;
  }
  const given = Object.fromEntries(command.positional.map((name, at) => [name, positionals[at]]));
  const input = checked(command, { ...given, ...options });
  await confirm(command, input, yes === true);
  const result = await collect(targetOf(stage as string | undefined), command, input, all === true);
  console.log(json ? JSON.stringify(result, null, 2) : table(result));
  return result.is_different === true ? exitCodes.different : exitCodes.done;
}

function readWords(command: Command, words: readonly string[]) {
  const args = words.slice(command.command.split(' ').length);
  try {
    return parseArgs({ args, options: optionsOf(command), allowPositionals: true });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Stop(`${reason}\n\n${helpFor(command)}`, exitCodes.misused);
  }
}

/** The input as it was typed, once it is known to be what the command takes. */
function checked(command: Command, input: Result): Result {
  const { success, error } = command.input.safeParse(input);
  if (success) return input;
  const lines = error.issues.map(({ path, message }) =>
    input[String(path[0])] === undefined
      ? `${path.join('.')} is missing`
      : `${path.join('.')} ${message}`,
  );
  throw new Stop(`${lines.join('\n')}\n\n${helpFor(command)}`, exitCodes.misused);
}

/** One page, or with `--all` every page, telling how far it is. */
async function collect(target: Target, command: Command, input: Result, isAll: boolean) {
  let result = await command.perform(target, input);
  const items = [...listOf(result.items)];
  while (isAll && typeof result.next_cursor === 'string') {
    progress(`${items.length} …`);
    result = await command.perform(target, { ...input, cursor: result.next_cursor });
    items.push(...listOf(result.items));
  }
  progress('');
  return isAll ? { ...result, items } : result;
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
