import type { ParseArgsOptionsConfig } from 'node:util';
import * as z from 'zod/mini';
import type { Command } from './commands.ts';

const common = {
  stage: ['string', 'deployed stage; without it, the local run of DATA_DIR'],
  json: ['boolean', 'the result as JSON, for scripts'],
  help: ['boolean', 'this text'],
} as const;
const ofLists = { all: ['boolean', 'every page'] } as const;
const ofChanges = { yes: ['boolean', 'do it without asking'] } as const;

const isList = ({ input }: Command) => 'cursor' in input.shape;

/** Options of an operation by name: their type, and what they are for. */
function describedOptions(command: Command): [string, 'string' | 'boolean', string][] {
  const own = Object.entries(command.input.shape)
    .filter(([name]) => !command.positional.includes(name))
    .map(([name, schema]): [string, 'string', string] => [
      name,
      'string',
      z.globalRegistry.get(schema as z.ZodMiniType)?.description ?? '',
    ]);
  const shared = {
    ...(isList(command) && ofLists),
    ...(command.changes !== undefined && ofChanges),
    ...common,
  };
  return [
    ...own,
    ...Object.entries(shared).map(
      ([name, [type, what]]): [string, 'string' | 'boolean', string] => [name, type, what],
    ),
  ];
}

/** What `parseArgs` takes for an operation. */
export const optionsOf = (command: Command): ParseArgsOptionsConfig =>
  Object.fromEntries(describedOptions(command).map(([name, type]) => [name, { type }]));

/** The help of one command. */
export function helpFor(command: Command): string {
  const { command: words, positional, summary, changes } = command;
  const places = positional.map((name) => `<${name}>`).join(' ');
  const options = describedOptions(command).map(([name, type, what]) =>
    (`  --${name}${type === 'string' ? ` <${name}>` : ''}`.padEnd(28) + what).trimEnd(),
  );
  return [
    `npm run operator -- ${words} ${places}`.trimEnd(),
    '',
    summary + (changes ? `. ${changes}` : ''),
    '',
    ...options,
  ].join('\n');
}

/** All commands, or those that start with a word where there are some. */
export function helpForAll(commands: readonly Command[], first = ''): string {
  const group = commands.filter(({ command }) => command.split(' ')[0] === first);
  const shown = group.length > 0 ? group : commands;
  const calls = shown.map(({ command, positional, summary, changes }) => {
    const call = [command, ...positional.map((name) => `<${name}>`)].join(' ');
    return `  ${call.padEnd(38)}${summary}${changes ? ' *' : ''}`;
  });
  return [
    'npm run operator -- <command> [--help] [--json] [--stage <stage>]',
    '',
    ...calls,
    '',
    'Commands with * change something and ask first. Without --stage they work on the local run.',
    'Exit codes: 0 done, 1 failed, 2 misused, 3 not found, 4 refused, 5 a difference was found.',
  ].join('\n');
}
