import { malformed } from './answers.ts';

const longestRow = 64 * 1024;
const [space, quote, backslash] = [0x20, 0x22, 0x5c];
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d];
/** What is open around a row. */
const listPath = [openBrace, openBrace, openBracket];

/**
 * The objects of the array at `$.<outer>.<list>`, one by one as they arrive: a report of 250,000
 * rows never stands in memory as a whole. Throws `malformed` when the document ends early, is no
 * JSON or has no such array.
 */
export async function* jsonRows(
  body: AsyncIterable<Uint8Array>,
  outer: string,
  list: string,
): AsyncGenerator<unknown> {
  const scanner = new RowScanner(outer, list);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for await (const chunk of body) yield* scanner.read(decode(decoder, chunk));
  yield* scanner.read(decode(decoder));
  scanner.end();
}

function decode(decoder: TextDecoder, chunk?: Uint8Array): string {
  try {
    return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode();
  } catch (cause) {
    throw malformed('The report is not UTF-8.', cause);
  }
}

/** Follows strings and brackets only; what lies between is for JSON.parse, row by row. */
class RowScanner {
  readonly #path: string;
  readonly #open: number[] = [];
  readonly #names: string[] = [];
  #inString = false;
  #isEscaped = false;
  #lastString = '';
  #row: string | undefined;
  #hasList = false;
  #isDone = false;

  constructor(outer: string, list: string) {
    this.#path = JSON.stringify([outer, list]);
  }

  *read(text: string): Generator<unknown> {
    let start = 0;
    let stringStart = 0;
    for (let index = 0; index < text.length; index += 1) {
      const code = text.charCodeAt(index);
      if (this.#inString) {
        if (this.#isEscaped) this.#isEscaped = false;
        else if (code === backslash) this.#isEscaped = true;
        else if (code === quote) {
          this.#inString = false;
          if (this.#row === undefined) this.#lastString += text.slice(stringStart, index);
        }
        continue;
      }
      if (code === quote) {
        this.#inString = true;
        this.#lastString = '';
        stringStart = index + 1;
      } else if (code === openBrace || code === openBracket) {
        if (this.#isRowStart(code)) {
          this.#row = '';
          start = index;
        }
        this.#openContainer(code);
      } else if (code === closeBrace || code === closeBracket) {
        this.#close(code);
        if (this.#row !== undefined && this.#open.length === 3) {
          yield parseRow(this.#row + text.slice(start, index + 1));
          this.#row = undefined;
        }
      } else if (this.#isDone && code > space) {
        throw malformed('The report goes on after its end.');
      }
    }
    if (this.#row !== undefined) {
      this.#row += text.slice(start);
      if (this.#row.length > longestRow) throw malformed('The report has a row without an end.');
    } else if (this.#inString) {
      this.#lastString += text.slice(stringStart);
      if (this.#lastString.length > longestRow) throw malformed('The report is not JSON.');
    }
  }

  end(): void {
    if (!this.#isDone) throw malformed('The report ended early.');
    if (!this.#hasList) throw malformed('The report has no rows and no empty list of them.');
  }

  #isRowStart(code: number): boolean {
    return code === openBrace && this.#open.length === 3 && this.#isInList();
  }

  #isInList(): boolean {
    return (
      this.#open.every((code, depth) => code === listPath[depth]) &&
      JSON.stringify(this.#names) === this.#path
    );
  }

  #openContainer(code: number): void {
    if (this.#isDone) throw malformed('The report goes on after its end.');
    if (this.#open.length > 0 && this.#open.length < 3) this.#names.push(this.#lastString);
    this.#open.push(code);
    if (this.#open.length === 3 && this.#isInList()) this.#hasList = true;
  }

  #close(code: number): void {
    const opener = this.#open.pop();
    if (opener !== (code === closeBrace ? openBrace : openBracket))
      throw malformed('The report is not JSON.');
    if (this.#open.length > 0 && this.#open.length < 3) this.#names.pop();
    if (this.#open.length === 0) this.#isDone = true;
  }
}

function parseRow(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw malformed('A row of the report is not JSON.', cause);
  }
}
