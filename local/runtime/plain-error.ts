/**
 * What the person at the terminal can put right: its message, of one line where that is enough, says
 * what is wrong and what helps, and no stack adds to it.
 */
export class PlainError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}
