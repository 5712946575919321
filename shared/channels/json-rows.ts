import type * as z from 'zod/mini';
import { malformed } from './answers.ts';

const maxRowLength = 64 * 1024;
const maxFrameLength = 64 * 1024;
const [quote, backslash, comma] = [0x22, 0x5c, 0x2c];
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d];
const whiteSpace: readonly number[] = [0x20, 0x09, 0x0a, 0x0d];

/** Where the rows of a document are, and what it must be like once they are taken out of it. */
export interface RowsPlace {
  readonly outer: string;
  readonly list: string;
  readonly frame: z.ZodMiniType;
}

/**
 * The objects of the array at `$.<outer>.<list>`, one by one as they arrive: a report of 250,000
 * rows is never in memory as a whole. What is around them is checked when they have all come,
 * so a caller must not believe them before the end. Throws `malformed` when the document ends
 * early, is no JSON, has no such array, or one with anything but objects.
 */
export async function* jsonRows(
  body: AsyncIterable<Uint8Array>,
  place: RowsPlace,
): AsyncGenerator<unknown> {
  const scanner = new RowScanner(place);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for await (const chunk of body) yield* scanner.read(decode(decoder, chunk));
  yield* scanner.read(decode(decoder));
  const frame = place.frame.safeParse(scanner.end());
  if (!frame.success) throw malformed('The report has an unexpected shape around its rows.');
}

function decode(decoder: TextDecoder, chunk?: Uint8Array): string {
  try {
    return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode();
  } catch (cause) {
    throw malformed('The report is not UTF-8.', cause);
  }
}

/**
 * Takes the rows out of a document. Of a row it only finds the end, and of the frame only the place
 * of the list: whether both are JSON is for JSON.parse to say.
 */
class RowScanner {
  readonly #path: readonly string[];
  #part: 'frame' | 'list' | 'row' = 'frame';
  /** The document without the rows. */
  #frame = '';
  readonly #open: number[] = [];
  readonly #names: string[] = [];
  #lastString = '';
  #stringStart = 0;
  #hasList = false;
  #row = '';
  #depth = 0;
  #next: 'first' | 'separator' | 'row' = 'first';
  #inString = false;
  #isEscaped = false;

  constructor({ outer, list }: RowsPlace) {
    this.#path = [outer, list];
  }

  *read(text: string): Generator<unknown> {
    let place = 0;
    while (place < text.length) {
      if (this.#part === 'row') {
        const end = this.#endOfRow(text, place);
        this.#row += text.slice(place, end);
        place = end;
        if (this.#row.length > maxRowLength)
          throw malformed('The report has a row without an end.');
        if (this.#depth > 0) return;
        yield parse(this.#row, 'A row of the report is not JSON.');
        this.#row = '';
        this.#part = 'list';
        this.#next = 'separator';
      } else if (this.#part === 'list') {
        place += this.#readBetweenRows(text.charCodeAt(place));
      } else {
        this.#readFrame(text.charCodeAt(place));
        place += 1;
      }
    }
  }

  /** The document without its rows. */
  end(): unknown {
    if (this.#part !== 'frame') throw malformed('The report ended early.');
    const frame = parse(this.#frame, 'The report is not JSON, or ended early.');
    if (!this.#hasList) throw malformed('The report has no rows and no empty list of them.');
    return frame;
  }

  /** The place behind the row that is open, or the end of the text while there is none. */
  #endOfRow(text: string, start: number): number {
    let place = start;
    while (place < text.length) {
      if (this.#inString) {
        place = this.#endOfString(text, place);
        continue;
      }
      const code = text.charCodeAt(place);
      place += 1;
      if (code === quote) this.#inString = true;
      else if (code === openBrace || code === openBracket) this.#depth += 1;
      else if (code === closeBrace || code === closeBracket) {
        this.#depth -= 1;
        if (this.#depth === 0) return place;
      }
    }
    return place;
  }

  #endOfString(text: string, start: number): number {
    let place = start;
    if (this.#isEscaped) {
      this.#isEscaped = false;
      place += 1;
    }
    for (;;) {
      const found = text.indexOf('"', place);
      const end = found < 0 ? text.length : found;
      let backslashes = 0;
      while (end - backslashes > place && text.charCodeAt(end - backslashes - 1) === backslash)
        backslashes += 1;
      const isEscaped = backslashes % 2 === 1;
      if (found < 0) {
        this.#isEscaped = isEscaped;
        return end;
      }
      place = end + 1;
      if (!isEscaped) {
        this.#inString = false;
        return place;
      }
    }
  }

  /** How much of the text it took: the brace that begins a row is part of the row. */
  #readBetweenRows(code: number): 0 | 1 {
    if (whiteSpace.includes(code)) return 1;
    if (code === openBrace && this.#next !== 'separator') {
      this.#part = 'row';
      return 0;
    }
    if (code === comma && this.#next === 'separator') this.#next = 'row';
    else if (code === closeBracket && this.#next !== 'row') {
      this.#part = 'frame';
      this.#readFrame(code);
    } else throw malformed('The report has something else than rows in their list.');
    return 1;
  }

  #readFrame(code: number): void {
    this.#frame += String.fromCharCode(code);
    if (this.#frame.length > maxFrameLength)
      throw malformed('The report has too much around its rows.');
    if (this.#inString) {
      if (this.#isEscaped) this.#isEscaped = false;
      else if (code === backslash) this.#isEscaped = true;
      else if (code === quote) {
        this.#inString = false;
        this.#lastString = this.#frame.slice(this.#stringStart, -1);
      }
    } else if (code === quote) {
      this.#inString = true;
      this.#stringStart = this.#frame.length;
    } else if (code === openBrace || code === openBracket) this.#openContainer(code);
    else if (code === closeBrace || code === closeBracket) this.#closeContainer();
  }

  #openContainer(code: number): void {
    if (this.#open.length > 0) this.#names.push(this.#lastString);
    this.#open.push(code);
    const [first, second, third] = this.#open;
    const isList =
      this.#open.length === 3 &&
      first === openBrace &&
      second === openBrace &&
      third === openBracket &&
      this.#names.every((name, depth) => name === this.#path[depth]);
    if (!isList) return;
    if (this.#hasList) throw malformed('The report has two lists of rows.');
    this.#hasList = true;
    this.#part = 'list';
  }

  #closeContainer(): void {
    this.#open.pop();
    this.#names.pop();
  }
}

function parse(text: string, otherwise: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw malformed(otherwise, cause);
  }
}
