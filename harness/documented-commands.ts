import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A piece of shell in a document. */
export interface Shell {
  /** File and line: `README.md:31`. */
  readonly where: string;
  readonly text: string;
}

/** One command that a document tells its reader to run. */
export interface DocumentedCommand extends Shell {
  readonly words: readonly string[];
}

const repository = fileURLToPath(new URL('..', import.meta.url));

function documents(): string[] {
  const all = readdirSync(`${repository}docs`, { recursive: true, encoding: 'utf8' });
  const docs = all.filter((path) => path.endsWith('.md')).map((path) => `docs/${path}`);
  const others = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'local/aws/marketplace/README.md'];
  return [...others, ...docs.sort()];
}

const read = (file: string) => readFileSync(repository + file, 'utf8');
const lineOf = (text: string, index: number) => text.slice(0, index).split('\n').length;

const fence = /^( *)```([^\n]*)\n([\s\S]*?)^\1```/gm;
const shells = ['sh', 'bash', 'zsh', 'shell', 'console'];

/** Every fenced block of shell, tours included. */
export function shellBlocks(): Shell[] {
  return documents().flatMap((file) => blocksOf(file, read(file)));
}

function blocksOf(file: string, text: string): (Shell & { readonly isTour: boolean })[] {
  return [...text.matchAll(fence)]
    .map(([, , info = '', body = ''], index, all) => ({
      where: `${file}:${lineOf(text, all[index]?.index ?? 0) + 1}`,
      text: body,
      language: info.split(' ')[0] ?? '',
      isTour: info.includes('tour'),
    }))
    .filter(
      ({ language, text: body }) => shells.includes(language) || (!language && isCommand(body)),
    );
}

const tools = /^(?:npm|npx|node|cdk|aws|sam|docker|git|curl) /;
const isCommand = (text: string) => tools.test(text);

/** Every command of the documents, each once: those of fenced shell, and those in the text. */
export function documentedCommands(): DocumentedCommand[] {
  return documents().flatMap((file) => commandsOf(file, read(file)));
}

/** The commands of one document. A tour is a script, which its own test runs. */
export function commandsOf(file: string, text: string): DocumentedCommand[] {
  const fenced = blocksOf(file, text)
    .filter(({ isTour }) => !isTour)
    .flatMap(({ where, text: body }) => split(body).map((command) => ({ where, text: command })));
  const prose = text.replace(fence, (block) => block.replace(/[^\n]/g, ' '));
  const inline = [...prose.matchAll(/`([^`]+)`/g)]
    .map(({ 1: code = '', index }) => ({
      where: `${file}:${lineOf(prose, index)}`,
      text: code.replace(/\s+/g, ' '),
    }))
    .filter(({ text: code }) => isCommand(code) || /^(?:-c|--parameters) /.test(code));
  return [...fenced, ...inline].map((command) => ({ ...command, words: wordsOf(command.text) }));
}

/** The commands of a script, without line breaks. */
function split(script: string): string[] {
  return script
    .replace(/\s*\\\n\s*/g, ' ')
    .split(/\n|&&/)
    .map((command) => command.trim())
    .filter(Boolean);
}

/** Words as a shell sees them. What stands in angle brackets is for the reader to fill in: `<…>`. */
function wordsOf(command: string): string[] {
  const words = command.replace(/<[^<>]*>/g, '<…>').match(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g) ?? [];
  return words.map((word) => word.replace(/'([^']*)'|"([^"]*)"/g, '$1$2'));
}
